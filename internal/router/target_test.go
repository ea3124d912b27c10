package router

import (
	"errors"
	"net/url"
	"path"
	"strings"
	"testing"
)

func TestCanonicalPaths(t *testing.T) {
	for in, want := range map[string]struct{ raw, match string }{
		"/":                              {"/", "/"},
		"/a/b":                           {"/a/b", "/a/b"},
		"/a/b/":                          {"/a/b/", "/a/b/"},
		"//":                             {"/", "/"},
		"////a///b//":                    {"/a/b/", "/a/b/"},
		"//evil.example/x":               {"/evil.example/x", "/evil.example/x"},
		"/a/./b":                         {"/a/b", "/a/b"},
		"/a/.":                           {"/a/", "/a/"},
		"/a/../b":                        {"/b", "/b"},
		"/a/..":                          {"/", "/"},
		"/a/b/..":                        {"/a/", "/a/"},
		"/a/b/../../c":                   {"/c", "/c"},
		"/a//../b":                       {"/b", "/b"},
		"/.well-known/x":                 {"/.well-known/x", "/.well-known/x"},
		"/...":                           {"/...", "/..."},
		"/..a/.b":                        {"/..a/.b", "/..a/.b"},
		"/%61dmin":                       {"/admin", "/admin"},
		"/%41%7e%2d%5F":                  {"/A~-_", "/A~-_"},
		"/public/%2e%2e/admin":           {"/admin", "/admin"},
		"/public/.%2E/admin":             {"/admin", "/admin"},
		"/a%20b":                         {"/a%20b", "/a%20b"},
		"/a%c3%a9":                       {"/a%C3%A9", "/a%C3%A9"},
		"/a\u00e9":                       {"/a%C3%A9", "/a%C3%A9"},
		"/a%ff":                          {"/a%FF", "/a%FF"},
		"/%c0%ae%c0%ae/x":                {"/%C0%AE%C0%AE/x", "/%C0%AE%C0%AE/x"},
		"/%252e%252e/x":                  {"/%252e%252e/x", "/%252e%252e/x"},
		"/%2541":                         {"/%2541", "/%2541"},
		"/%3f%23":                        {"/%3F%23", "/%3F%23"},
		`/<a>"[b]|{c}^` + "`":            {"/%3Ca%3E%22%5Bb%5D%7C%7Bc%7D%5E%60", "/%3Ca%3E%22%5Bb%5D%7C%7Bc%7D%5E%60"},
		"/a,b:c@d!$&'()*+=e":             {"/a,b:c@d!$&'()*+=e", "/a,b:c@d!$&'()*+=e"},
		"/a%2cb%3A":                      {"/a%2Cb%3A", "/a,b:"},
		"/admin;x":                       {"/admin;x", "/admin"},
		"/admin;x=1;y=2/b;z":             {"/admin;x=1;y=2/b;z", "/admin/b"},
		"/admin%3bx":                     {"/admin%3Bx", "/admin%3Bx"},
		"/;x/admin":                      {"/;x/admin", "/admin"},
		"/a/;x":                          {"/a/;x", "/a/"},
		"/;x":                            {"/;x", "/"},
		"/a;x/../b":                      {"/b", "/b"},
		"http://h":                       {"/", "/"},
		"HTTP://h:80/a/../b":             {"/b", "/b"},
		"https://[::1]:443/a":            {"/a", "/a"},
		"*":                              {"*", "/"},
		"/" + strings.Repeat("a", 999):   {"/" + strings.Repeat("a", 999), "/" + strings.Repeat("a", 999)},
		"/" + strings.Repeat("%61", 999): {"/" + strings.Repeat("a", 999), "/" + strings.Repeat("a", 999)},
	} {
		got, err := Canonical(in, false)
		if err != nil || got.RawPath != want.raw || got.MatchPath != want.match {
			t.Errorf("Canonical(%q) = %q, %q, %v; want %q, %q", in, got.RawPath, got.MatchPath, err, want.raw, want.match)
		}
	}
}

func TestRefusedTargets(t *testing.T) {
	for _, in := range []string{
		"", "a", "admin/", "example.org:443", "ftp://h/a", "http:/a", "http:a", "//h/../..", "**", "http//h",
		"?a", "#", "/a#", "/a#.png", "/a?b#c", "http://h#/", "http://h/#",
		"/..", "/../a", "/a/../../b", "/%2e%2e", "/a/%2E%2e/..", "http://h/../a",
		"/%", "/%2", "/%zz", "/a%4", "/a%g0", "/%%61",
		"/a%00", "/%0d%0aSet-Cookie:x", "/%09", "/%1f", "/%7f", "/a\x00", "/a\r\nb", "/a\tb", "/\x7f", "/a b",
		`/\evil`, `\admin`, "/%5cevil", "/%5Cevil", `/a\..\b`,
		"/a%2fb", "/%2F", "/public/..%2fadmin",
		"/..;x", "/a/..;/b", "/a/.;", "/a/.;x/b", "/a/%2e%2e;/b", "/a/%2e%2e;x=y/b", "/a/..%3bx/b", "/.%3B",
		"/a?b c", "/a?b\r\nX: y", "/a?\x00", "/a?\x7f",
		"http:///a", "http://user@h/a", "http://h:0/a", "http://h:/a", `http://h\evil/a`, "http://h /a", "http://%68/a",
	} {
		got, err := Canonical(in, false)
		if err == nil {
			t.Errorf("Canonical(%q) = %+v, want an error", in, got)
			continue
		}
		var target *TargetError
		var host *HostError
		if !errors.As(err, &target) && !errors.As(err, &host) {
			t.Errorf("Canonical(%q): untyped error %v", in, err)
		}
	}
}

func TestEncodedSlashIsKeptWhereItIsAllowed(t *testing.T) {
	for in, want := range map[string]string{
		"/a%2fb":              "/a%2Fb",
		"/group%2Fname/x":     "/group%2Fname/x",
		"/http:%2f%2fh%2f":    "/http:%2F%2Fh%2F",
		"/a%2fb/../c":         "/c",
		"/a/..%2fb":           "",
		"/a%2f..":             "",
		"/a%2f..%2fb":         "",
		"/%2e%2e%2fb":         "",
		"/.%2f":               "",
		"/a%2f..;x":           "",
		"/a%2f.;x%2fb":        "",
		"/a%2f..%3bx":         "",
		"/a%2f%5cb":           "",
		"/a%2f...":            "/a%2F...",
		"/a%2f..b":            "/a%2F..b",
		"/a;p%2f../b":         "",
		"/a%2fb;x=%2fc/d%2Ce": "/a%2Fb;x=%2Fc/d%2Ce",
	} {
		got, err := Canonical(in, true)
		if got.RawPath != want || (err == nil) != (want != "") {
			t.Errorf("Canonical(%q, true) = %q, %v; want %q", in, got.RawPath, err, want)
		}
		if err == nil && got.EncodedSlash != strings.Contains(want, "%2F") {
			t.Errorf("Canonical(%q, true).EncodedSlash = %v", in, got.EncodedSlash)
		}
	}
}

func TestQueriesArePassedOnByteForByte(t *testing.T) {
	many := strings.Repeat("a=1&", 20000)
	for _, q := range []string{"a=1;b=2", "a=%zz", "a=%2f..%00", "?", "a=\u00e9\xff", `a=\`, "a=//../", many} {
		got, err := Canonical("/x?"+q, false)
		if err != nil || got.RawQuery != q || got.ForceQuery {
			t.Errorf("Canonical(/x?%.20q) = %.20q, %v, %v", q, got.RawQuery, got.ForceQuery, err)
		}
	}
	got, err := Canonical("/x?", false)
	if err != nil || !got.ForceQuery || got.String() != "/x?" {
		t.Errorf("Canonical(/x?) = %+v, %v", got, err)
	}
}

func TestAbsoluteFormIsHeldAgainstHost(t *testing.T) {
	for _, c := range []struct {
		target, host string
		want         bool
	}{
		{"/a", "anything", true},
		{"http://h/a", "h", true},
		{"http://H/a", "h.", true},
		{"http://h/a", "h:80", true},
		{"http://h:80", "h", true},
		{"https://h:443?q", "h", true},
		{"https://h/", "h:80", false},
		{"http://h:8080/", "h", false},
		{"http://h/", "h:8080", false},
		{"http://h/", "evil", false},
		{"http://h/", "", false},
		{"http://[::1]/", "[0:0::1]:80", true},
	} {
		got, err := Canonical(c.target, false)
		if err != nil || got.Names(c.host) != c.want {
			t.Errorf("Canonical(%q).Names(%q) = %v, %v; want %v", c.target, c.host, got.Names(c.host), err, c.want)
		}
	}
}

func TestCanonicalPathCostsNoAllocation(t *testing.T) {
	for _, s := range []string{"/", "/portal/view/index.html?a=b", "/.well-known/x", "http://h/a"} {
		if n := testing.AllocsPerRun(100, func() { _, _ = Canonical(s, true) }); n != 0 {
			t.Errorf("Canonical(%q): %v allocations", s, n)
		}
	}
}

// FuzzCanonical holds every accepted target against readers as backends have
// them: none may find the path under another rule than the one it matched.
func FuzzCanonical(f *testing.F) {
	for _, s := range []string{
		"/public/..%2fadmin", "/public/%2e%2e/admin", "//admin", "/admin;x", "/admin%00", `\admin`, "/a/..;/admin",
		"/%61dmin", "/;x/admin", "/a%2Cb", "/a%3Bb", "http://h/a?b", "/%252e%252e/admin", "/.;x", "/x/%2e%2E;/admin", "*",
	} {
		f.Add(s)
	}
	table := mustTable(f, Route{Name: "all"}, Route{Name: "admin", Paths: []string{"/admin", "/a/b"}}, Route{Name: "list", Paths: []string{"/a,b"}})
	f.Fuzz(func(t *testing.T, in string) {
		got, err := Canonical(in, true)
		if err != nil || got.Asterisk {
			return
		}
		checkForwardable(t, in, got)
		again, err := Canonical(got.String(), true)
		again.Scheme, again.Authority = got.Scheme, got.Authority
		if err != nil || again != got {
			t.Fatalf("Canonical(%q) = %+v, and of that %+v, %v", in, got, again, err)
		}
		if got.EncodedSlash {
			return // whoever decodes it before splitting was opted in for
		}
		want, _ := table.Match("front", "h", got.MatchPath)
		for name, read := range readers {
			seen := read(t, got.RawPath)
			if name == "plain" && strings.Contains(got.RawPath, ";") {
				continue // parameters are part of the name for this one
			}
			i, _ := table.Match("front", "h", (&url.URL{Path: seen}).EscapedPath())
			if i != want {
				t.Errorf("%q is forwarded as %q and matches rule %d, but a %s reader sees %q: rule %d", in, got.RawPath, want, name, seen, i)
			}
		}
	})
}

// checkForwardable holds a target against what a sender makes of it.
func checkForwardable(t *testing.T, in string, got Target) {
	t.Helper()
	u := url.URL{Path: got.Path, RawPath: got.RawPath, RawQuery: got.RawQuery, ForceQuery: got.ForceQuery}
	if u.RequestURI() != got.String() {
		t.Errorf("%q: net/url sends %q, the target is %q", in, u.RequestURI(), got.String())
	}
	if strings.ContainsAny(got.String(), "\r\n\x00 #") || !strings.HasPrefix(got.RawPath, "/") || strings.HasPrefix(got.RawPath, "//") {
		t.Errorf("%q is forwarded as %q", in, got.String())
	}
	if _, err := url.ParseRequestURI(got.RawPath); err != nil {
		t.Errorf("%q is forwarded as %q: %v", in, got.RawPath, err)
	}
}

// readers are ways in which servers understand a path.
var readers = map[string]func(*testing.T, string) string{
	// As Go and most others: decode, then clean.
	"plain": func(t *testing.T, raw string) string { return path.Clean(unescape(t, raw)) },
	// As servlet containers: parameters off each segment, then decode, then clean.
	"parameter": func(t *testing.T, raw string) string {
		segments := strings.Split(raw, "/")
		for i, s := range segments {
			s, _, _ = strings.Cut(s, ";")
			segments[i] = unescape(t, s)
		}
		return path.Clean(strings.Join(segments, "/"))
	},
}

// FuzzPlainTarget holds the short way against the long one.
func FuzzPlainTarget(f *testing.F) {
	for _, s := range []string{
		"/", "//", "/a", "/a/", "/a//b", "/.", "/..", "/.a", "/...", "/a/./b", "/a/.b/c", "/a.b", "/a;b", "/a;b/..;c", "/%61", "/a?", "/a?b", "/a?b#c", "/a#b", "/a?b c",
		"/a b", "/\\", "/\x7f", "/a?\x7f", "/.?a", "/.;", "/.-", "/\u00fc", "a", "", "*", "http://h/a", "/a/..", "/.well-known/x", "/..a",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if s == "*" {
			return
		}
		got, err := Canonical(s, false)
		want, wantErr := anyTarget(s, false)
		if got != want || !errors.Is(err, wantErr) {
			t.Fatalf("%q: got %+v, %v, want %+v, %v", s, got, err, want, wantErr)
		}
	})
}

func unescape(t *testing.T, s string) string {
	t.Helper()
	out, err := url.PathUnescape(s)
	if err != nil {
		t.Fatalf("%q does not decode: %v", s, err)
	}
	return out
}

func BenchmarkCanonical(b *testing.B) {
	for _, s := range []string{"/", "/portal/view/index.html?a=b", "/static/js/application-4f3a9c.bundle.min.js", "/.well-known/x", "/a%20b/c", "/a%20b;x=y/%2e./c"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = Canonical(s, true)
			}
		})
	}
}
