package headers

import (
	"net/http"
	"os"
	"regexp"
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

func TestCleanRequestIsBothInOne(t *testing.T) {
	for _, trusted := range []bool{true, false} {
		both, one := claims(), claims()
		for _, h := range []http.Header{both, one} {
			h["Connection"] = []string{"Keep-Alive, x-custom, X-Forwarded-For", "close"}
			for _, name := range []string{"Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Proxy-Authorization"} {
				h[name] = []string{"x"}
			}
		}
		RemoveHopByHop(both)
		StripRequest(both, trusted)
		CleanRequest(one, trusted)
		if got, want := names(one), names(both); !slices.Equal(got, want) {
			t.Errorf("trusted %v: left are %q, want %q", trusted, got, want)
		}
	}
}

func TestOrdinaryNamesHideNothing(t *testing.T) {
	for name := range browserHeader() {
		if !ordinary(name) {
			t.Errorf("%q is not ordinary", name)
		}
	}
	src, err := os.ReadFile("strip.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(src), "func ordinary")
	body, _, _ := strings.Cut(rest, "\n}")
	all := regexp.MustCompile(`"([^"]*)"`).FindAllStringSubmatch(body, -1)
	if len(all) < 20 {
		t.Fatalf("%d names found", len(all))
	}
	for _, m := range all {
		name := m[1]
		underscore, odd := ambiguous(name)
		if !ordinary(name) || underscore || odd || Protected(name) || neverSent.has(name) || hopByHop(name) || http.CanonicalHeaderKey(name) != name {
			t.Errorf("%q must not be ordinary", name)
		}
	}
}

func BenchmarkCleanRequest(b *testing.B) {
	h := browserHeader()
	b.ReportAllocs()
	for b.Loop() {
		CleanRequest(h, false)
	}
}

func TestStripRequestCostsNoAllocation(t *testing.T) {
	h := http.Header{"Accept": {"x"}, "Cookie": {"x"}, "User-Agent": {"x"}}
	h["Connection"] = []string{"keep-alive"}
	if n := testing.AllocsPerRun(100, func() { StripRequest(h, false); CleanRequest(h, false) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
