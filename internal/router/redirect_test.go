package router

import (
	"net/url"
	"strings"
	"testing"
)

func TestHTTPSLocation(t *testing.T) {
	for _, c := range []struct {
		host   string
		port   int
		target string
		want   string
	}{
		{"h", 443, "/", "https://h/"},
		{"h", 0, "/a/b?c=d", "https://h/a/b?c=d"},
		{"h", 8443, "/a?", "https://h:8443/a?"},
		{"[::1]", 8443, "/a", "https://[::1]:8443/a"},
		{"h", 443, "//evil.example/..", "https://h/"},
		{"h", 443, "//evil.example", "https://h/evil.example"},
		{"h", 443, "////", "https://h/"},
		{"h", 443, "/?//evil", "https://h/?//evil"},
		{"h", 443, "http://evil.example/a", "https://h/a"},
		{"h", 443, "*", "https://h/"},
		{"h", 443, "/%2f%2fevil", "https://h/%2F%2Fevil"},
		{"h", 443, "/.//evil", "https://h/evil"},
		{"h", 443, "/x/..//evil", "https://h/evil"},
		{"h", 443, "/@evil", "https://h/@evil"},
	} {
		target, err := Canonical(c.target, true)
		if err != nil {
			t.Errorf("Canonical(%q): %v", c.target, err)
			continue
		}
		if got := HTTPSLocation(c.host, c.port, target); got != c.want {
			t.Errorf("HTTPSLocation(%q, %d, %q) = %q, want %q", c.host, c.port, c.target, got, c.want)
		}
	}
}

func TestHostileRedirectTargetsAreRefused(t *testing.T) {
	for _, s := range []string{`/\evil`, "/%5cevil", "/%0d%0aSet-Cookie:x", "/a\r\nSet-Cookie:x", "/?a\nb"} {
		if got, err := Canonical(s, true); err == nil {
			t.Errorf("Canonical(%q) = %+v", s, got)
		}
	}
}

func TestHTTPSLocationHoldsForTargetsOfOtherMakes(t *testing.T) {
	for _, raw := range []string{"", "//evil", `/\evil`, "evil"} {
		if got := HTTPSLocation("h", 0, Target{RawPath: raw}); !strings.HasPrefix(got, "https://h/") || strings.HasPrefix(got, "https://h//") {
			t.Errorf("%q gives %q", raw, got)
		}
	}
}

func FuzzHTTPSLocation(f *testing.F) {
	for _, s := range []string{"//evil", "/%2f/evil", "////", "/a?//evil", "/;/evil", "/%2e//evil"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		target, err := Canonical(s, true)
		if err != nil {
			return
		}
		got := HTTPSLocation("h", 8443, target)
		u, err := url.Parse(got)
		if strings.Contains(target.RawQuery, "%") && err != nil {
			return
		}
		if err != nil || u.Host != "h:8443" || u.Scheme != "https" || strings.HasPrefix(u.EscapedPath(), "//") || strings.ContainsAny(got, "\r\n\\ ") && !strings.Contains(target.RawQuery, `\`) {
			t.Errorf("%q leads to %q: %v", s, got, err)
		}
	})
}
