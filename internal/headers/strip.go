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

// CleanRequest is [RemoveHopByHop] and [StripRequest] in one, at half the cost.
// What the request's TE, Upgrade and Trailer headers say must have been read.
func CleanRequest(h http.Header, trusted bool) {
	removeNamed(h)
	for name := range h {
		if hopByHop(name) || dropped(name, trusted) {
			delete(h, name)
		}
	}
}

// ordinary reports whether a header is one of those that most requests consist
// of, all of which go on. It saves looking at their names byte by byte.
func ordinary(name string) bool {
	switch name {
	case "Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cache-Control", "Content-Length",
		"Content-Type", "Cookie", "Dnt", "If-Modified-Since", "If-None-Match", "Origin", "Pragma", "Priority",
		"Range", "Referer", "Sec-Ch-Ua", "Sec-Ch-Ua-Mobile", "Sec-Ch-Ua-Platform", "Sec-Fetch-Dest",
		"Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User", "Sec-Gpc", "Upgrade-Insecure-Requests",
		"User-Agent", "X-Requested-With":
		return true
	}
	return false
}

func dropped(name string, trusted bool) bool {
	if ordinary(name) {
		return false
	}
	underscore, odd := ambiguous(name)
	if underscore {
		return true
	}
	if Protected(name) {
		return !trusted || odd
	}
	return neverSent.has(name)
}
