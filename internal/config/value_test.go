package config

import (
	"testing"
	"time"
)

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{"30s": 30 * time.Second, "1h30m": 90 * time.Minute, "1.5s": 1500 * time.Millisecond, "0s": 0} {
		if got, f := durations(true).parse(text); f != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, f, want)
		}
	}
	for d, want := range map[time.Duration]string{30 * time.Minute: "30m", 12 * time.Hour: "12h", 90 * time.Second: "1m30s", 10 * time.Second: "10s", 0: "0s", 20 * time.Hour: "20h", 10 * time.Minute: "10m"} {
		if got := short(d); got != want {
			t.Errorf("%v is written %q, want %q", d, got, want)
		}
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "65536": 65536, "512B": 512, "64KiB": 64 << 10, "2 MiB": 2 << 20, "1GiB": 1 << 30, "10MB": 10e6, "1kB": 1000, "3TB": 3e12,
	} {
		if got, f := parseSize(text); f != nil || got != want {
			t.Errorf("%q is %d, %v; want %d", text, got, f, want)
		}
	}
	for _, text := range []string{"", " ", "KiB", "1K", "1M", "1kib", "1.5MiB", "1e3", "0x10", "-1", "+1", "1 2", "9223372036854775808", "9007199254740993KiB", "1BB"} {
		if got, f := parseSize(text); f == nil {
			t.Errorf("%q is taken as %d", text, got)
		}
	}
}

func TestAdminAddressIsLocal(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:9180": true, "127.8.0.1:1": true, "[::1]:9180": true, "localhost:9180": true, "unix:/run/s.sock": true,
		":9180": false, "0.0.0.0:9180": false, "[::]:9180": false, "10.0.0.1:9180": false, "localhost.example:1": false,
	} {
		if got := local(address); got != want {
			t.Errorf("local(%q) = %v, want %v", address, got, want)
		}
	}
}

func TestSocketsThatCannotBothBeBound(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"127.0.0.1:80", "127.0.0.1:80", true}, {"127.0.0.1:80", "127.0.0.1:81", false}, {"127.0.0.1:80", "127.0.0.2:80", false},
		{":80", "127.0.0.1:80", true}, {"[::]:80", "10.0.0.1:80", true}, {"0.0.0.0:80", "10.0.0.1:80", true}, {"0.0.0.0:80", "[::1]:80", false},
		{":0", ":0", false}, {"fd:a", "fd:a", true}, {"fd:a", "fd:b", false}, {"unix:/a", "unix:/a", true}, {":80", "fd:a", false},
	} {
		a, b := newSocket("a", c.a), newSocket("b", c.b)
		if a.clashes(b) != c.want || b.clashes(a) != c.want {
			t.Errorf("%s and %s clash: %v, %v; want %v", c.a, c.b, a.clashes(b), b.clashes(a), c.want)
		}
	}
}
