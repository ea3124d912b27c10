package headers

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// claims is a request full of them.
func claims() http.Header {
	h := make(http.Header)
	for _, name := range []string{
		"Accept", "Cookie", "Via", "X-Custom",
		"X-Forwarded-For", "X-Real-Ip", "Forwarded", "X-Ssl-Client-Dn", "X-Request-Id", "Remote-User", "X-Original-Url",
		"X_Forwarded_For", "X-Forwarded_Proto", "x_ssl_client_verify", "My_header", "_",
		"X.Forwarded.For", "X.Custom",
		"Proxy", "PROXY", "Proxy-Connection", "Http2-Settings",
	} {
		h[name] = []string{"6.6.6.6"}
	}
	return h
}

func TestStripRequest(t *testing.T) {
	h := claims()
	StripRequest(h, false)
	if got, want := names(h), []string{"Accept", "Cookie", "Via", "X-Custom", "X.Custom"}; !slices.Equal(got, want) {
		t.Errorf("from a stranger are left %q, want %q", got, want)
	}
	h = claims()
	StripRequest(h, true)
	want := []string{
		"Accept", "Cookie", "Forwarded", "Remote-User", "Via", "X-Custom", "X-Forwarded-For", "X-Original-Url",
		"X-Real-Ip", "X-Request-Id", "X-Ssl-Client-Dn", "X.Custom",
	}
	if got := names(h); !slices.Equal(got, want) {
		t.Errorf("from a trusted peer are left %q, want %q", got, want)
	}
}

func FuzzStripRequest(f *testing.F) {
	for _, s := range []string{"X_Forwarded_For", "x-forwarded-for", "X-Real-IP", "Proxy", "X!Forwarded!For", "Accept", "X_Y", "x-ssl-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		h := http.Header{name: {"x"}, http.CanonicalHeaderKey(name): {"x"}}
		StripRequest(h, false)
		for left := range h {
			// What a CGI-like backend makes of the name.
			alias := strings.Map(func(r rune) rune {
				if r == '_' || r > ' ' && r < 0x7f && strings.ContainsRune("!#$%&'*+.^`|~", r) {
					return '-'
				}
				return r
			}, strings.ToLower(left))
			if strings.HasPrefix(alias, "x-forwarded-") || slices.Contains(protectedNames.names, alias) || alias == "proxy" || strings.Contains(left, "_") {
				t.Errorf("%q is left", left)
			}
		}
	})
}

// browserHeader is what a browser sends with an ordinary request.
func browserHeader() http.Header {
	h := http.Header{}
	for _, name := range []string{"Accept", "Accept-Encoding", "Accept-Language", "Cookie", "User-Agent", "Referer", "Sec-Fetch-Mode", "Cache-Control"} {
		h[name] = []string{"x"}
	}
	return h
}

func BenchmarkStripRequest(b *testing.B) {
	h := browserHeader()
	b.ReportAllocs()
	for b.Loop() {
		StripRequest(h, false)
	}
}

func TestStripRequestCostsNoAllocation(t *testing.T) {
	h := http.Header{"Accept": {"x"}, "Cookie": {"x"}, "User-Agent": {"x"}}
	if n := testing.AllocsPerRun(100, func() { StripRequest(h, false) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
