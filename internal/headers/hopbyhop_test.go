package headers

import (
	"maps"
	"net/http"
	"slices"
	"testing"
)

// names are the names left in h, sorted.
func names(h http.Header) []string { return slices.Sorted(maps.Keys(h)) }

func TestRemoveHopByHop(t *testing.T) {
	h := http.Header{
		"Connection":          {"close, x-internal-user", "X-Two", "upgrade, ,  X-Forwarded-For, X-Real-Ip,x-request-id"},
		"X-Internal-User":     {"root"},
		"X-Two":               {"2"},
		"X-Three":             {"3"},
		"X-Forwarded-For":     {"192.0.2.1"},
		"X-Real-Ip":           {"192.0.2.1"},
		"X-Request-Id":        {"id"},
		"Keep-Alive":          {"timeout=5"},
		"Proxy-Connection":    {"keep-alive"},
		"Proxy-Authenticate":  {"Basic"},
		"Proxy-Authorization": {"Basic x"},
		"Te":                  {"trailers"},
		"Trailer":             {"X"},
		"Transfer-Encoding":   {"chunked"},
		"Upgrade":             {"h2c"},
		"Http2-Settings":      {"AAMAAABkAARAAAAAAAIAAAAA"},
		"Accept":              {"*/*"},
	}
	RemoveHopByHop(h)
	want := []string{"Accept", "X-Forwarded-For", "X-Real-Ip", "X-Request-Id", "X-Three"}
	if got := names(h); !slices.Equal(got, want) {
		t.Errorf("left are %q, want %q", got, want)
	}
}

func BenchmarkRemoveHopByHop(b *testing.B) {
	for name, connection := range map[string][]string{"none": nil, "keep-alive": {"keep-alive"}, "named": {"x-internal-user, close"}} {
		b.Run(name, func(b *testing.B) {
			h := browserHeader()
			b.ReportAllocs()
			for b.Loop() {
				if connection != nil {
					h["Connection"] = connection
				}
				RemoveHopByHop(h)
			}
		})
	}
}
