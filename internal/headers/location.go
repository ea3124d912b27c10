package headers

import (
	"net/url"
	"strings"
)

// Location returns the value of a Location or Content-Location header for the
// client. If its scheme, host and port are those of a backend of the pool, the
// front door's scheme and host take their place, and what follows stays as it
// is, byte for byte. A reference without a scheme ("//host/path") has that of
// backend, the one that answered. Everything else, a relative reference as
// well as a link to a third party, is returned unchanged.
func (r *Rewriter) Location(value string, front Front, backend *url.URL) string {
	scheme, rest := "", ""
	switch {
	case strings.HasPrefix(value, "//") && backend != nil:
		scheme, rest = backend.Scheme, value[len("//"):]
	case hasPrefixFold(value, "http://"):
		scheme, rest = "http", value[len("http://"):]
	case hasPrefixFold(value, "https://"):
		scheme, rest = "https", value[len("https://"):]
	default:
		return value
	}
	// Browsers take a backslash for a slash. Here it stays in the authority,
	// which then is no backend's.
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	var room [128]byte
	key, ok := appendOrigin(room[:0], scheme, rest[:end])
	if !ok || !r.origins[string(key)] {
		return value
	}
	return front.Scheme + "://" + front.Host + rest[end:]
}

// appendOrigin appends scheme, host and port in the form in which they are
// compared: in lower case, without a trailing dot, with the port. It is false
// for an authority without a host. What is no host[:port] at all comes out as
// something that no backend is.
func appendOrigin(buf []byte, scheme, authority string) ([]byte, bool) {
	host := hostOf(authority)
	port := strings.TrimPrefix(authority[len(host):], ":")
	if strings.HasPrefix(host, "[") && !strings.HasSuffix(host, "]") {
		return nil, false
	}
	if host = strings.TrimSuffix(host, "."); host == "" {
		return nil, false
	}
	if port == "" {
		port = schemePort(scheme)
	}
	buf = append(appendLower(buf, scheme), "://"...)
	buf = append(appendLower(buf, host), ':')
	return append(buf, port...), true
}

func schemePort(scheme string) string {
	if strings.EqualFold(scheme, "https") {
		return "443"
	}
	return "80"
}

func appendLower(buf []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf = append(buf, c)
	}
	return buf
}
