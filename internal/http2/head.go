package http2

import (
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/http2/hpack"
)

// collect takes the fields of the head from the header, in their form on the
// wire. early: of an informational answer.
func (w *writer) collect(early bool) {
	dated := early
	for name, values := range w.header {
		known := headerNames[name]
		if known == nil {
			if lower, ok := lowerName(name); ok {
				w.addAll(lower, values)
			}
			continue
		}
		switch known.class {
		case fieldConnection, fieldTE:
			w.connection(name, values)
			continue
		case fieldLength:
			w.unsized = !early
			if early || !w.sized(values) {
				continue
			}
		case fieldTrailer:
			w.announce(values)
		case fieldDate:
			dated = true
		}
		w.addAll(known.lower, values)
	}
	if !dated {
		w.fields = append(w.fields, hpack.HeaderField{Name: "date", Value: w.s.c.server.dates.now()})
	}
}

func (w *writer) addAll(lower string, values []string) {
	for _, v := range values {
		if httpguts.ValidHeaderFieldValue(v) {
			w.fields = append(w.fields, hpack.HeaderField{Name: lower, Value: v})
		}
	}
}

// lowerName returns the form of name on the wire, and whether it has one.
func lowerName(name string) (string, bool) {
	if name == "" || !all(name, tokenAny) {
		return "", false // also what begins with http.TrailerPrefix
	}
	return strings.ToLower(name), true
}

// sized reports whether values are a Content-Length.
func (w *writer) sized(values []string) bool {
	if len(values) != 1 {
		return false
	}
	n, err := strconv.ParseUint(values[0], 10, 63)
	if err != nil {
		return false
	}
	w.length = int64(n) //nolint:gosec // 63 bits
	return true
}

// connection heeds the one thing that a field of the connection can still say:
// as with net/http, "close" ends it when its requests are done.
func (w *writer) connection(name string, values []string) {
	if name == "Connection" && httpguts.HeaderValuesContainsToken(values, "close") {
		w.s.c.goAway()
	}
}

// announce takes in the answer's Trailer header.
func (w *writer) announce(values []string) {
	for _, list := range values {
		for name := range strings.SplitSeq(list, ",") {
			name = http.CanonicalHeaderKey(strings.Trim(name, " \t"))
			if httpguts.ValidTrailerHeader(name) && name != "" {
				w.trailers = append(w.trailers, name)
			}
		}
	}
}

func (w *writer) hasTrailers() bool {
	for _, name := range w.trailers {
		if len(w.header[name]) > 0 {
			return true
		}
	}
	for name := range w.header {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			return true
		}
	}
	return false
}

// encodeTrailers writes the values of the announced names, and what has
// [http.TrailerPrefix].
func (w *writer) encodeTrailers(e *hpack.Encoder) {
	for _, name := range w.trailers {
		encodeTrailer(e, name, w.header[name])
	}
	for name, values := range w.header {
		if name, late := strings.CutPrefix(name, http.TrailerPrefix); late {
			encodeTrailer(e, http.CanonicalHeaderKey(name), values)
		}
	}
}

func encodeTrailer(e *hpack.Encoder, name string, values []string) {
	lower, ok := lowerName(name)
	if !ok || !httpguts.ValidTrailerHeader(name) {
		return
	}
	for _, v := range values {
		if httpguts.ValidHeaderFieldValue(v) {
			encodeField(e, lower, v)
		}
	}
}

// encodeHead writes the head that was decided.
func (w *writer) encodeHead(e *hpack.Encoder) {
	encodeStatus(e, w.status)
	encodeFields(e, w.fields)
}

func encodeFields(e *hpack.Encoder, fields []hpack.HeaderField) {
	for _, f := range fields {
		_ = e.WriteField(f) // the output takes all
	}
}

func encodeField(e *hpack.Encoder, name, value string) {
	_ = e.WriteField(hpack.HeaderField{Name: name, Value: value}) // the output takes all
}

func encodeStatus(e *hpack.Encoder, status int) {
	encodeField(e, ":status", statusText(status))
}

func statusText(status int) string {
	if i := status - 100; i < len(statuses) {
		return statuses[i]
	}
	return strconv.Itoa(status)
}

// statuses are the texts from 100 on.
var statuses = func() (t [500]string) {
	for i := range t {
		t[i] = strconv.Itoa(i + 100)
	}
	return t
}()
