package headers

import (
	"net/http"
	"net/textproto"
)

// hopByHop are the headers that concern one connection only, in the canonical
// form of [http.Header] (RFC 9110, section 7.6.1, and RFC 9113, section
// 8.2.2). Proxy-Connection never was a standard, but is sent.
var hopByHop = []string{
	"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
	"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings",
}

// RemoveHopByHop removes from a request or an answer the headers that its
// Connection header names, and then the hop-by-hop ones themselves. An upgrade
// or "TE: trailers" that is meant to go on must be set anew.
//
// A Connection header takes no protected name away (see [Protected]): the
// client would choose which of a trusted proxy's headers arrive. So the order
// does not matter for headers that a proxy sets itself, but those are best set
// afterwards.
func RemoveHopByHop(h http.Header) {
	for name := range elements(h["Connection"]) {
		if name = textproto.CanonicalMIMEHeaderKey(name); !Protected(name) {
			delete(h, name)
		}
	}
	for _, name := range hopByHop {
		delete(h, name)
	}
}
