package router

import (
	"errors"
	"strings"
	"testing"
)

func TestHostForms(t *testing.T) {
	label63 := strings.Repeat("a", 63)
	name253 := strings.Repeat(label63+".", 3) + strings.Repeat("b", 61)
	for in, want := range map[string]string{
		"example.org":               "example.org",
		"EXAMPLE.Org":               "example.org",
		"example.org.":              "example.org",
		"Example.org.:8443":         "example.org",
		"example.org:1":             "example.org",
		"example.org:65535":         "example.org",
		"localhost":                 "localhost",
		"app_1.example.org":         "app_1.example.org",
		"xn--bcher-kva.example":     "xn--bcher-kva.example",
		"-odd-.example.org":         "-odd-.example.org",
		"1password.example":         "1password.example",
		"192.0.2.1":                 "192.0.2.1",
		"192.0.2.1.:80":             "192.0.2.1",
		"192.0.2.1:80":              "192.0.2.1",
		"[2001:db8::1]":             "[2001:db8::1]",
		"[2001:db8::1]:443":         "[2001:db8::1]",
		"[2001:DB8:0:0::1]:443":     "[2001:db8::1]",
		"[::ffff:192.0.2.1]":        "[::ffff:192.0.2.1]",
		label63 + ".org":            label63 + ".org",
		name253:                     name253,
		"":                          "",
		".":                         "",
		"..":                        "",
		":80":                       "",
		"example.org..":             "",
		".example.org":              "",
		"a..b":                      "",
		"example.org:":              "",
		"example.org:0":             "",
		"example.org:080":           "",
		"example.org:65536":         "",
		"example.org:99999999999":   "",
		"example.org:http":          "",
		"example.org:80:80":         "",
		"example.org:-1":            "",
		"example.org:+80":           "",
		"user@example.org":          "",
		"user:pass@example.org":     "",
		"example.org ":              "",
		" example.org":              "",
		"exa mple.org":              "",
		"example.org\t":             "",
		"example.org\r\nX: y":       "",
		"example.org\x00":           "",
		"example.org,evil.example":  "",
		"example.org/admin":         "",
		"example.org\\evil.example": "",
		"example.org#evil.example":  "",
		"example.org?evil.example":  "",
		"ex%61mple.org":             "",
		"b\u00fccher.example":       "",
		"example.org;x":             "",
		"*.example.org":             "",
		"1.2.3":                     "",
		"1.2.3.256":                 "",
		"01.2.3.4":                  "",
		"0x7f.1":                    "",
		"example.0x1f":              "",
		"2130706433":                "",
		"2001:db8::1":               "",
		"[2001:db8::1":              "",
		"[2001:db8::1]x":            "",
		"[2001:db8::1]:":            "",
		"[2001:db8::1]:0":           "",
		"[fe80::1%25eth0]":          "",
		"[fe80::1%eth0]":            "",
		"[192.0.2.1]":               "",
		"[]":                        "",
		"[v1.x]":                    "",
		label63 + "a.org":           "",
		name253 + "b":               "",
	} {
		got, err := Host(in)
		if got != want {
			t.Errorf("Host(%q) = %q, %v; want %q", in, got, err, want)
		}
		var refused *HostError
		if (err == nil) != (want != "") || err != nil && !errors.As(err, &refused) {
			t.Errorf("Host(%q): error %v", in, err)
		}
	}
}

func TestHostErrorsDoNotRepeatTheValue(t *testing.T) {
	for _, s := range []string{"evil@example.org", "evil:99999", "[evil]", "evil.0x1"} {
		if _, err := Host(s); err == nil || strings.Contains(err.Error(), "evil") {
			t.Errorf("Host(%q): error %v", s, err)
		}
	}
}

func FuzzHost(f *testing.F) {
	for _, s := range []string{"example.org:80", "A.b.", "[::1]:80", "1.2.3.4", "0x7f.1", "a..b", "[::ffff:1.2.3.4]", "www.example.org", "a:b", ":80", "a.:1", strings.Repeat("a", 64), strings.Repeat("a.", 127) + "a", "a.1", "1.2.3.04", "256.1.1.1", "1.2.3.4:5", "1.2.3.4.", "1.2.3", "1.2.3.4.5", "0.0.0.0", "1.2.3.4x", "1.2.3.1234", "a_b-c.d:443"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		host, err := Host(s)
		if err != nil {
			return
		}
		if long, err := anyHostForm(s); err != nil || long != host {
			t.Errorf("Host(%q) = %q, and the long way %q, %v", s, host, long, err)
		}
		if again, err := Host(host); err != nil || again != host {
			t.Errorf("Host(%q) = %q, and of that %q, %v", s, host, again, err)
		}
		if strings.ContainsAny(host, " \t\r\n\x00@/\\,#?%") || host != strings.ToLower(host) {
			t.Errorf("Host(%q) = %q", s, host)
		}
	})
}

func TestCanonicalHostCostsNoAllocation(t *testing.T) {
	for _, s := range []string{"www.example.org", "www.example.org:8443", "192.0.2.1", "[2001:db8::1]:443"} {
		if n := testing.AllocsPerRun(100, func() { _, _ = Host(s) }); n != 0 {
			t.Errorf("Host(%q): %v allocations", s, n)
		}
	}
}

func BenchmarkHost(b *testing.B) {
	for _, s := range []string{"www.example.org", "www.example.org:8443", "127.0.0.1:9100", "WWW.example.org"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = Host(s)
			}
		})
	}
}
