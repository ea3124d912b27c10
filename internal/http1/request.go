package http1

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// ours are the headers that framing decides, in whatever case they are kept.
func ours(name string) bool {
	switch len(name) {
	case len("Host"):
		return fold(name, "Host")
	case len("Upgrade"):
		return fold(name, "Upgrade") || fold(name, "Trailer")
	case len("Connection"):
		return fold(name, "Connection") || fold(name, "Keep-Alive")
	case len("Content-Length"):
		return fold(name, "Content-Length")
	case len("Proxy-Connection"):
		return fold(name, "Proxy-Connection")
	case len("Transfer-Encoding"):
		return fold(name, "Transfer-Encoding")
	}
	return false
}

// fold compares strings of one length without regard to the case of ASCII.
func fold(a, b string) bool {
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

var errBadRequest = errors.New("the request cannot be written")

// appendHead appends the request line and the headers.
func appendHead(out []byte, r *http.Request, body bool) ([]byte, error) {
	out, ok := appendRequestLine(out, r)
	if !ok {
		return out, errBadRequest
	}
	upgrade := false
	for name, values := range r.Header {
		if ours(name) || name == "Expect" && !body {
			upgrade = upgrade || name == "Upgrade"
			continue
		}
		if !token(name) {
			return out, errBadRequest
		}
		for _, v := range values {
			from := len(out)
			if out = appendField(out, name, v); controls(out[from : len(out)-len(crlf)]) {
				return out, errBadRequest
			}
		}
	}
	if upgrade {
		out = appendUpgrade(out, r)
	}
	return append(appendFraming(out, r, body), "\r\n"...), nil
}

// appendRequestLine appends the Host, too. The answer to a CONNECT is framed in
// its own way, and makes a tunnel.
func appendRequestLine(out []byte, r *http.Request) ([]byte, bool) {
	if !token(r.Method) || r.Method == http.MethodConnect {
		return out, false
	}
	out = append(out, r.Method...)
	out = append(out, ' ')
	from := len(out)
	out = appendTarget(out, r.URL)
	if !plain(out[from:]) {
		return out, false
	}
	out = append(out, " HTTP/1.1\r\nHost: "...)
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	from = len(out)
	out = append(out, host...)
	ok := plain(out[from:])
	return append(out, "\r\n"...), ok
}

// appendTarget appends what [url.URL.RequestURI] returns, or Opaque alone.
func appendTarget(out []byte, u *url.URL) []byte {
	if u.Opaque != "" {
		return append(out, u.Opaque...)
	}
	path := u.Path
	if u.RawPath != "" && u.RawPath != path || !asItIs(path) {
		if path = u.EscapedPath(); path == "" {
			path = "/"
		}
	}
	out = append(out, path...)
	if u.ForceQuery || u.RawQuery != "" {
		out = append(append(out, '?'), u.RawQuery...)
	}
	return out
}

// asItIs reports whether nothing of a path has to be escaped.
func asItIs(path string) bool {
	for i := range len(path) {
		if byteClass[path[i]]&pathByte == 0 {
			return false
		}
	}
	return path != ""
}

// token reports whether s is one (RFC 9110, section 5.6.2).
func token(s string) bool {
	for i := range len(s) {
		if byteClass[s[i]]&tokenByte == 0 {
			return false
		}
	}
	return s != ""
}

func appendUpgrade(out []byte, r *http.Request) []byte {
	if u := r.Header["Upgrade"]; len(u) == 1 && httpguts.ValidHeaderFieldValue(u[0]) && wantsUpgrade(r) {
		out = appendField(out, "Connection", "Upgrade")
		out = appendField(out, "Upgrade", u[0])
	}
	return out
}

func appendFraming(out []byte, r *http.Request, body bool) []byte {
	switch {
	case !body:
		if r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch {
			out = append(out, "Content-Length: 0\r\n"...)
		}
	case r.ContentLength >= 0:
		out = append(out, "Content-Length: "...)
		out = strconv.AppendInt(out, r.ContentLength, 10)
		out = append(out, "\r\n"...)
	default:
		out = append(out, "Transfer-Encoding: chunked\r\n"...)
		for _, name := range trailerNames(r) {
			out = appendField(out, "Trailer", name)
		}
	}
	return out
}

// trailerNames returns the names to announce. Those of the header come first:
// r.Trailer may be written to by then, by the one who reads the body for an
// attempt before.
func trailerNames(r *http.Request) []string {
	var names []string
	if said, ok := r.Header["Trailer"]; ok {
		for _, v := range said {
			for name := range strings.SplitSeq(v, ",") {
				names = append(names, strings.Trim(name, " \t"))
			}
		}
	} else {
		for name := range r.Trailer {
			names = append(names, name)
		}
		slices.Sort(names)
	}
	return slices.DeleteFunc(names, func(name string) bool { return !trailing(name) })
}

func appendField(out []byte, name, value string) []byte {
	out = append(out, name...)
	out = append(out, ": "...)
	out = append(out, value...)
	return append(out, "\r\n"...)
}

func wantsUpgrade(r *http.Request) bool {
	return len(r.Header["Upgrade"]) == 1 && hasToken(r.Header["Connection"], "upgrade")
}

// plain reports whether s has no space or control byte, and is not empty. Bytes
// above ASCII are for the server to judge.
func plain(s []byte) bool {
	for _, c := range s {
		if c <= ' ' || c == 0x7f {
			return false
		}
	}
	return len(s) > 0
}
