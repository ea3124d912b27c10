package headers

import "net/http"

// StripRequest removes from a client's request what a backend must not be told
// by it. trusted says that the peer is a trusted proxy (see
// [Forwarded.Trusted]).
//
// From everyone are removed: headers with an underscore in their name, which
// backends cannot tell from those with a hyphen; other spellings of protected
// names; Proxy, which CGI programs take for a setting of their own; and
// HTTP2-Settings and Proxy-Connection. From a peer that is not trusted,
// protected names are removed, too (see [Protected]).
func StripRequest(h http.Header, trusted bool) {
	for name := range h {
		if dropped(name, trusted) {
			delete(h, name)
		}
	}
}

func dropped(name string, trusted bool) bool {
	underscore, odd := ambiguous(name)
	if underscore {
		return true
	}
	if Protected(name) {
		return !trusted || odd
	}
	return neverSent.has(name)
}
