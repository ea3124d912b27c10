package headers

import (
	"net/http"
	"strings"
)

// notInTrailers are fields that must not come after the body, because they
// say how the message is framed, routed, authenticated or understood (RFC
// 9110, section 6.5.1). They are written folded.
var notInTrailers = set(
	"age", "authorization", "cache-control", "connection", "content-encoding", "content-length",
	"content-location", "content-range", "content-type", "cookie", "date", "expect", "expires",
	"host", "http2-settings", "if-match", "if-modified-since", "if-none-match", "if-range",
	"if-unmodified-since", "keep-alive", "location", "max-forwards", "pragma", "proxy",
	"proxy-authenticate", "proxy-authorization", "proxy-connection", "range", "retry-after",
	"set-cookie", "te", "trailer", "transfer-encoding", "upgrade", "vary", "warning", "www-authenticate",
)

// TrailerAllowed reports whether a field may come in the trailer section of a
// client's request: no protected name in any spelling (see [Protected]), none
// with an underscore, and none that a trailer section must not have. No peer
// is trusted to send protected names there.
func TrailerAllowed(name string) bool {
	return name != "" && !strings.Contains(name, "_") && !Protected(name) && !notInTrailers.has(name)
}

// StripTrailers removes from r.Trailer what [TrailerAllowed] refuses. Before
// the body is read r.Trailer has the names that were announced; only once it
// was read to its end it has the values, so a sender that takes them from
// there must call StripTrailers then.
func StripTrailers(r *http.Request) {
	for name := range r.Trailer {
		if !TrailerAllowed(name) {
			delete(r.Trailer, name)
		}
	}
}
