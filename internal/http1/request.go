package http1

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"golang.org/x/net/http/httpguts"
)

// ours are the headers that framing decides.
func ours(name string) bool {
	switch name {
	case "Host", "Content-Length", "Transfer-Encoding", "Trailer", "Connection", "Keep-Alive", "Proxy-Connection", "Upgrade":
		return true
	}
	return false
}

var errBadRequest = errors.New("the request cannot be written")

// appendHead appends the request line and the headers.
func appendHead(out []byte, r *http.Request, body bool) ([]byte, error) {
	target := r.URL.RequestURI()
	if r.URL.Opaque != "" {
		target = r.URL.Opaque
	}
	if !httpguts.ValidHeaderFieldName(r.Method) || !plain(target) || !plain(r.Host) {
		return out, errBadRequest
	}
	out = append(out, r.Method...)
	out = append(out, ' ')
	out = append(out, target...)
	out = append(out, " HTTP/1.1\r\nHost: "...)
	out = append(out, r.Host...)
	out = append(out, "\r\n"...)
	for name, values := range r.Header {
		if ours(name) {
			continue
		}
		if !httpguts.ValidHeaderFieldName(name) {
			return out, errBadRequest
		}
		for _, v := range values {
			if !httpguts.ValidHeaderFieldValue(v) {
				return out, errBadRequest
			}
			out = appendField(out, name, v)
		}
	}
	if u := r.Header["Upgrade"]; len(u) == 1 && httpguts.ValidHeaderFieldValue(u[0]) && wantsUpgrade(r) {
		out = appendField(out, "Connection", "Upgrade")
		out = appendField(out, "Upgrade", u[0])
	}
	return append(appendFraming(out, r, body), "\r\n"...), nil
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
		names := make([]string, 0, len(r.Trailer))
		for name := range r.Trailer {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			out = appendField(out, "Trailer", name)
		}
	}
	return out
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
func plain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return s != ""
}
