package headers

import (
	"net/http"
	"net/textproto"
	"strings"
)

// hopByHop reports whether a header, in the canonical form of [http.Header],
// concerns one connection only (RFC 9110, section 7.6.1, and RFC 9113, section
// 8.2.2). Proxy-Connection never was a standard, but is sent.
func hopByHop(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings":
		return true
	}
	return false
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
	removeNamed(h)
	for name := range h {
		if hopByHop(name) {
			delete(h, name)
		}
	}
}

// removeNamed removes what the Connection header names.
func removeNamed(h http.Header) {
	lines := h["Connection"]
	if len(lines) == 0 {
		return
	}
	for name := range elements(lines) {
		if usual(name) {
			continue
		}
		if name = textproto.CanonicalMIMEHeaderKey(name); !Protected(name) {
			delete(h, name)
		}
	}
}

// usual reports whether an element of Connection is one of those that nearly
// all messages have. They name no header, or one that is removed anyway.
func usual(element string) bool {
	switch len(element) {
	case len("te"):
		return strings.EqualFold(element, "te")
	case len("close"):
		return strings.EqualFold(element, "close")
	case len("upgrade"):
		return strings.EqualFold(element, "upgrade")
	case len("keep-alive"):
		return strings.EqualFold(element, "keep-alive")
	}
	return false
}
