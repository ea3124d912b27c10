package router

import (
	"strings"
	"testing"
)

// A pattern that is taken is canonical, reads as what it is, and finds a host of
// its own.
func FuzzPattern(f *testing.F) {
	for _, s := range []string{"*", "*.example.org", "WWW.Example.org.", "[::1]", "*.127.0.0.1", "a*b", "www.example.org:80", "*.", "b\xfccher", "*.*.x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePattern(s)
		if err != nil {
			return
		}
		if p.rank == anyHost {
			if s != "*" {
				t.Fatalf("%q is any host", s)
			}
			return
		}
		if again, err := parsePattern(p.String()); err != nil || again != p {
			t.Fatalf("%q is %v, which is %v, %v", s, p, again, err)
		}
		if host, err := Host(p.name); err != nil || host != p.name {
			t.Fatalf("%q names %q, whose canonical form is %q, %v", s, p.name, host, err)
		}
		if p.rank == wildcard {
			if parent, ok := parentOf("label." + p.name); !ok || parent != p.name {
				t.Fatalf("%q does not find label.%s", s, p.name)
			}
		}
	})
}

// A prefix that is taken is matched by a target that is spelled the same.
func FuzzPrefix(f *testing.F) {
	for _, s := range []string{"/", "/admin", "/admin/", "/%61dmin", "/öl", "/a%2fb", "//a", "/a/../b", "/a;x", "/a*", "x", "/%00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		prefix, err := parsePrefix(s)
		if err != nil {
			return
		}
		target, err := Canonical(s, true)
		if err != nil || strings.TrimSuffix(target.MatchPath, "/") != prefix {
			t.Fatalf("%q is the prefix %q, and the target %q, %v", s, prefix, target.MatchPath, err)
		}
	})
}
