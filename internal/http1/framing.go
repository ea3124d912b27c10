package http1

import (
	"net/http"
	"strconv"
	"strings"
)

// Lengths of a body, beside 0 and above.
const (
	lengthChunked = -1
	lengthClose   = -2 // to the end of the connection
)

// framing finds the length of an answer's body (RFC 9112, section 6.3), of
// which Content-Length says declared. It refuses whatever two readers could
// understand differently.
func framing(res *http.Response, method string, declared int64, coding []string) (int64, error) {
	length := declared
	switch {
	case len(coding) == 0:
	case res.ProtoMinor == 0:
		return 0, malformed("Transfer-Encoding in HTTP/1.0")
	case length >= 0:
		return 0, malformed("Transfer-Encoding beside Content-Length")
	case len(coding) != 1 || !strings.EqualFold(coding[0], "chunked"):
		return 0, malformed("a transfer coding other than chunked")
	default:
		length = lengthChunked
	}
	if s := res.StatusCode; method == http.MethodHead || s < 200 || s == http.StatusNoContent || s == http.StatusNotModified {
		return 0, nil
	}
	return length, nil
}

// contentLength returns the value, or lengthClose if there is none.
func contentLength(values []string) (int64, error) {
	if len(values) == 0 {
		return lengthClose, nil
	}
	for _, v := range values[1:] {
		if v != values[0] {
			return 0, malformed("Content-Lengths that differ")
		}
	}
	v := values[0]
	if v == "" || strings.Trim(v, "0123456789") != "" {
		return 0, malformed("a Content-Length that is no number")
	}
	n, err := strconv.ParseInt(v, 10, 63)
	if err != nil {
		return 0, malformed("a Content-Length that is too large")
	}
	return n, nil
}

// bodiless refuses the framing of a body where there can be none: another
// reader might wait for it (RFC 9110, section 8.6; RFC 9112, section 6.1).
func bodiless(h http.Header) error {
	n, err := contentLength(h["Content-Length"])
	if err != nil {
		return err
	}
	if n > 0 || len(h["Transfer-Encoding"]) > 0 {
		return malformed("a body where there can be none")
	}
	return nil
}

// hasToken reports whether a list header names a token, in any case.
func hasToken(values []string, token string) bool {
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.Trim(part, " \t"), token) {
				return true
			}
		}
	}
	return false
}
