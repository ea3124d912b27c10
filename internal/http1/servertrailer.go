package http1

import (
	"net/http"
	"strings"
)

// announce takes in the answer's Trailer header.
func (w *serverWriter) announce(values []string) {
	for _, v := range values {
		for name := range strings.SplitSeq(v, ",") {
			name = http.CanonicalHeaderKey(strings.Trim(name, " \t"))
			if trailing(name) {
				w.trailers = append(w.trailers, name)
			}
		}
	}
}

// lateTrailers reports whether the header holds trailers that nobody announced.
func (w *serverWriter) lateTrailers() bool {
	for name := range w.header {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			return true
		}
	}
	return false
}

// appendTrailers appends what is to stand behind the last chunk: the values of
// the announced names, and what has [http.TrailerPrefix].
func (w *serverWriter) appendTrailers(b []byte) []byte {
	for _, name := range w.trailers {
		for _, v := range w.header[name] {
			b = appendLine(b, name, v)
		}
	}
	for name, values := range w.header {
		name, late := strings.CutPrefix(name, http.TrailerPrefix)
		if !late || !trailing(name) {
			continue
		}
		for _, v := range values {
			b = appendLine(b, name, v)
		}
	}
	return b
}
