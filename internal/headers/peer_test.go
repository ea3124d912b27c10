package headers

import (
	"net"
	"net/netip"
	"testing"
)

func TestPeer(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.1:1234":            "192.0.2.1",
		"[2001:db8::1]:1234":        "2001:db8::1",
		"[2001:DB8:0::1]:1234":      "2001:db8::1",
		"[::ffff:192.0.2.1]:1234":   "192.0.2.1",
		"[fe80::1%eth0]:1234":       "fe80::1",
		"192.0.2.1":                 "",
		"192.0.2.01:1":              "",
		"[192.0.2.1]:1":             "",
		"2001:db8::1:1234":          "",
		"2001:db8::1":               "",
		"[]:1":                      "",
		"":                          "",
		":1":                        "",
		"@":                         "",
		"www.example.org:1":         "",
		"[2001:db8::1:1234":         "",
		"/run/door.sock:1":          "",
		"[::ffff:192.0.2.1%eth0]:1": "192.0.2.1",
	} {
		addr, text := Peer(remote)
		if text != want || text != "" && addr.String() != want || text == "" && addr.IsValid() {
			t.Errorf("Peer(%q) = %v, %q, want %q", remote, addr, text, want)
		}
	}
}

func TestPeerTakesTheTextOfASocketAsItIs(t *testing.T) {
	for _, ip := range []string{"192.0.2.1", "2001:db8::1", "::1", "::ffff:192.0.2.1"} {
		remote := (&net.TCPAddr{IP: net.ParseIP(ip), Port: 1234}).String()
		if n := testing.AllocsPerRun(100, func() { Peer(remote) }); n != 0 {
			t.Errorf("%q: %v allocations", remote, n)
		}
	}
}

func FuzzPeer(f *testing.F) {
	for _, s := range []string{"192.0.2.1:1", "[2001:db8::1]:1", "[::ffff:192.0.2.1]:1", "[fe80::1%a]:1", "[::]:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, remote string) {
		addr, text := Peer(remote)
		if addr.IsValid() != (text != "") || addr.IsValid() && addr.String() != text || addr.Is4In6() || addr.Zone() != "" {
			t.Fatalf("%q: %v, %q", remote, addr, text)
		}
		if want, err := netip.ParseAddrPort(remote); err == nil && want.Addr().Unmap().WithZone("") != addr {
			t.Fatalf("%q: %v, want %v", remote, addr, want.Addr())
		}
	})
}

func BenchmarkPeer(b *testing.B) {
	for _, remote := range []string{"192.0.2.1:1234", "[2001:db8::1]:1234"} {
		b.Run(remote, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Peer(remote)
			}
		})
	}
}
