package headers

import (
	"net/url"
	"strings"
	"testing"
)

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// poolOf is a Rewriter for a pool, and the first of its backends.
func poolOf(t testing.TB, backends ...string) (*Rewriter, *url.URL) {
	t.Helper()
	var urls []*url.URL
	for _, s := range backends {
		urls = append(urls, mustURL(t, s))
	}
	return NewRewriter(urls), urls[0]
}

var somePool = []string{"http://b1:9101", "http://127.0.0.1:9102", "https://Secure.Example.", "http://plain.example", "http://[2001:db8::1]:80"}

func TestLocation(t *testing.T) {
	r, backend := poolOf(t, somePool...)
	front := Front{Scheme: "https", Host: "www.example.org:8443"}
	for in, want := range map[string]string{
		"http://b1:9101/login?a=b#c":        "/login?a=b#c",
		"http://b1:9101":                    "",
		"http://b1:9101?a":                  "?a",
		"http://b1:9101#a":                  "#a",
		"HTTP://B1.:9101/X%2f..":            "/X%2f..",
		"http://127.0.0.1:9102/":            "/",
		"//b1:9101/x":                       "/x",
		"//127.0.0.1:9102/x":                "/x",
		"https://secure.example/x":          "/x",
		"https://secure.example:443/x":      "/x",
		"http://plain.example/x":            "/x",
		"http://plain.example:80/x":         "/x",
		"http://[2001:db8::1]/x":            "/x",
		"http://b1:9101//evil.example/path": "//evil.example/path",
		"http://b1:9101/http://b1:9101/":    "/http://b1:9101/",

		"":                               "-",
		"/":                              "-",
		"/login":                         "-",
		"login":                          "-",
		"?a":                             "-",
		"//evil.example/":                "-",
		"//secure.example/":              "-", // on the scheme of the one that answered it is another origin
		"https://b1:9101/":               "-",
		"http://b1/":                     "-",
		"http://b1:80/":                  "-",
		"http://b1:91010/":               "-",
		"http://b1:9102/":                "-",
		"http://b2:9101/":                "-",
		"http://b1:9101.evil.example/":   "-",
		"http://b1.evil.example:9101/":   "-",
		"http://evil.example/b1:9101/":   "-",
		"http://b1:9101@evil.example/":   "-",
		"http://user@b1:9101/":           "-",
		`http://b1:9101\@evil.example/`:  "-",
		`http://b1:9101\evil`:            "-",
		"http://b1:9101 /":               "-",
		" http://b1:9101/":               "-",
		"http:/b1:9101/":                 "-",
		"http:b1:9101/":                  "-",
		"http:///b1:9101/":               "-",
		"ftp://b1:9101/":                 "-",
		"javascript://b1:9101/%0aalert":  "-",
		"http://":                        "-",
		"http://:9101/":                  "-",
		"http://secure.example/":         "-",
		"https://secure.example:8443/":   "-",
		"http://2001:db8::1/":            "-",
		"http://www.example.org:8443/":   "-",
		"https://www.example.org:8443/x": "-",
		"http://b1:9101:80/":             "-",
		"http://[2001:db8::1]./":         "-",
		"http://[2001:db8::1/":           "-",
		"http://[2001:db8::1]x/":         "-",
	} {
		want = "https://www.example.org:8443" + want
		if strings.HasSuffix(want, "-") {
			want = in
		}
		if got := r.Location(in, front, backend); got != want {
			t.Errorf("Location(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLocationWithoutABackend(t *testing.T) {
	r, _ := poolOf(t, somePool...)
	if got := r.Location("//b1:9101/", Front{"https", "h"}, nil); got != "//b1:9101/" {
		t.Errorf("%q", got)
	}
}

// FuzzLocation holds the rewriting against net/url: whatever changes named a
// backend before, and names the front door after.
func FuzzLocation(f *testing.F) {
	for _, s := range []string{
		"http://b1:9101/x", "//b1:9101", "https://secure.example?x", "http://b1:9101@evil/", `http://b1:9101\@evil/`,
		"http://evil/http://b1:9101", "HTTP://B1.:9101#x", "http://[2001:db8::1]/", "/relative", "http://b1:9101:1/", "//[2001:dB8::1].",
	} {
		f.Add(s)
	}
	r, backend := poolOf(f, somePool...)
	ours := make(map[string]bool)
	for _, s := range append(somePool, "https://secure.example:443", "http://plain.example:80", "http://[2001:db8::1]", "https://secure.example") {
		ours[strings.ToLower(strings.TrimSuffix(s, "."))] = true
	}
	front := Front{Scheme: "https", Host: "front.example"}
	f.Fuzz(func(t *testing.T, s string) {
		got := r.Location(s, front, backend)
		if got == s {
			return
		}
		after, err := url.Parse(got)
		if err != nil {
			if _, err := url.Parse(s); err == nil {
				t.Fatalf("%q became %q: %v", s, got, err)
			}
			return
		}
		if after.Scheme != "https" || after.Host != "front.example" || after.User != nil {
			t.Fatalf("%q became %q", s, got)
		}
		before, err := url.Parse(s)
		if err != nil {
			t.Fatalf("%q, which is no URL, became %q", s, got)
		}
		origin := backend.ResolveReference(before)
		host := strings.TrimSuffix(origin.Hostname(), ".")
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		if origin.Port() != "" {
			host += ":" + origin.Port()
		}
		if !ours[strings.ToLower(origin.Scheme+"://"+host)] {
			t.Fatalf("%q, which is no backend's, became %q", s, got)
		}
	})
}

func BenchmarkLocation(b *testing.B) {
	r, backend := poolOf(b, somePool...)
	for _, s := range []string{"/relative", "https://third.example/", "http://b1:9101/login"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Location(s, Front{"https", "www.example.org"}, backend)
			}
		})
	}
}
