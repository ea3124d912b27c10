package http1

import (
	"errors"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// ours are the headers that framing decides, in whatever case they are kept.
func ours(name string) bool {
	switch len(name) { // of one of those below
	case 4, 7, 10, 14, 16, 17:
	default:
		return false
	}
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Host", "Content-Length", "Transfer-Encoding", "Trailer", "Connection", "Keep-Alive", "Proxy-Connection", "Upgrade":
		return true
	}
	return false
}

var errBadRequest = errors.New("the request cannot be written")

// appendHead appends the request line and the headers.
func appendHead(out []byte, r *http.Request, body bool) ([]byte, error) {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	// The answer to a CONNECT is framed in its own way, and makes a tunnel.
	if !httpguts.ValidHeaderFieldName(r.Method) || r.Method == http.MethodConnect || !plain(host) {
		return out, errBadRequest
	}
	out = append(out, r.Method...)
	out = append(out, ' ')
	at := len(out)
	out = appendTarget(out, r.URL)
	if !plain(out[at:]) {
		return out, errBadRequest
	}
	out = append(out, " HTTP/1.1\r\nHost: "...)
	out = append(out, host...)
	out = append(out, "\r\n"...)
	for name, values := range r.Header {
		if ours(name) || name == "Expect" && !body {
			continue
		}
		if !httpguts.ValidHeaderFieldName(name) {
			return out, errBadRequest
		}
		for _, v := range values {
			at := len(out)
			if out = appendField(out, name, v); controls(out[at : len(out)-len(crlf)]) {
				return out, errBadRequest
			}
		}
	}
	if u := r.Header["Upgrade"]; len(u) == 1 && httpguts.ValidHeaderFieldValue(u[0]) && wantsUpgrade(r) {
		out = appendField(out, "Connection", "Upgrade")
		out = appendField(out, "Upgrade", u[0])
	}
	return append(appendFraming(out, r, body), "\r\n"...), nil
}

// appendTarget appends what [url.URL.RequestURI] returns, or Opaque alone.
func appendTarget(out []byte, u *url.URL) []byte {
	if u.Opaque != "" {
		return append(out, u.Opaque...)
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	out = append(out, path...)
	if u.ForceQuery || u.RawQuery != "" {
		out = append(append(out, '?'), u.RawQuery...)
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
func plain[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return len(s) > 0
}
