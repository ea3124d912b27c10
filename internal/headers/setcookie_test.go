package headers

import (
	"strings"
	"testing"
)

func TestSetCookie(t *testing.T) {
	r, _ := poolOf(t, "http://b1.internal:9101", "http://127.0.0.1:9102", "http://[2001:db8::1]:80", "http://example.org:8000", "http://B2.Internal.:9103")
	for in, want := range map[string]string{
		"a=b; Domain=b1.internal; Path=/":                      "a=b; Path=/",
		"a=b;domain = .B1.Internal. ;  Secure":                 "a=b;  Secure",
		"a=b; Domain=b1.internal":                              "a=b",
		"a=b; Domain=b1.internal; DOMAIN=b1.internal;HttpOnly": "a=b;HttpOnly",
		"a=b; Domain=127.0.0.1; Path=/x":                       "a=b; Path=/x",
		"a=b; Domain=[2001:db8::1]":                            "a=b",
		"a=b; Domain=b2.internal":                              "a=b",
		"xDomain=b1.internal; Path=/":                          "xDomain=b1.internal; Path=/",
		"a=b":                                                  "a=b",
		"":                                                     "",
		"a=b; Path=/b1.internal; Secure":                       "a=b; Path=/b1.internal; Secure",
		"a=b; Domain=internal":                                 "a=b; Domain=internal",
		"a=b; Domain=x.b1.internal":                            "a=b; Domain=x.b1.internal",
		"a=b; Domain=b1.internal:9101":                         "a=b; Domain=b1.internal:9101",
		"a=b; Domain=evil.example; Domain":                     "a=b; Domain=evil.example; Domain",
		"a=b; Domain=; Domain":                                 "a=b; Domain=; Domain",
		"a=b; XDomain=b1.internal":                             "a=b; XDomain=b1.internal",
		"domain=b1.internal":                                   "domain=b1.internal", // a cookie of that name
		"Domain=b1.internal; Path=/":                           "Domain=b1.internal; Path=/",
		"a=\"x; Domain=b1.internal":                            "a=\"x",
		"a=b ;; Expires=Wed, 21 Oct 2026 07:28:00 GMT;":        "a=b ;; Expires=Wed, 21 Oct 2026 07:28:00 GMT;",
		"a=b; Domain=example.org; Path=/":                      "a=b; Domain=example.org; Path=/", // covers the front door
	} {
		if got := r.SetCookie(in, Front{"https", "WWW.example.org.:8443"}); got != want {
			t.Errorf("SetCookie(%q) = %q, want %q", in, got, want)
		}
	}
	if got := r.SetCookie("a=b; Domain=example.org", Front{"https", "notexample.org"}); got != "a=b" {
		t.Errorf("a backend's domain is left: %q", got)
	}
	if got := r.SetCookie("a=b; Domain=example.org", Front{"https", "Example.org:1"}); got != "a=b; Domain=example.org" {
		t.Errorf("the front door's own domain is gone: %q", got)
	}
}

// FuzzSetCookie: the cookie itself never changes, and attributes only ever go
// missing whole.
func FuzzSetCookie(f *testing.F) {
	for _, s := range []string{"a=b; Domain=b1", "a=b;Domain=b1;Domain=.b1.;x", "Domain=b1", ";;;", "a=b; domain=b1 ; Path=/"} {
		f.Add(s)
	}
	r, _ := poolOf(f, "http://b1:9101")
	f.Fuzz(func(t *testing.T, s string) {
		in, out := strings.Split(s, ";"), strings.Split(r.SetCookie(s, Front{"https", "h"}), ";")
		if in[0] != out[0] {
			t.Fatalf("%q became %q", in, out)
		}
		i := 0
		for _, attribute := range in {
			if i < len(out) && out[i] == attribute {
				i++
			} else if !strings.Contains(strings.ToLower(attribute), "domain") {
				t.Fatalf("%q became %q", in, out)
			}
		}
		if i != len(out) {
			t.Fatalf("%q became %q", in, out)
		}
	})
}
