package http2

import (
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// collect takes the fields of the head from the header, in their form on the
// wire. early: of an informational answer.
func (w *writer) collect(early bool) {
	dated := early
	for name, values := range w.header {
		known := headerName(name)
		if known == nil {
			if lower, ok := lowerName(name); ok {
				w.addAll(outField{name: lower}, values)
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
		w.addAll(known.field(), values)
	}
	if !dated {
		w.fields = append(w.fields, dateField(w.s.c.server.dates.now()))
	}
}

func (w *writer) addAll(f outField, values []string) {
	for _, v := range values {
		if printable(v) {
			f.value = v
			w.fields = append(w.fields, f)
		}
	}
}

func (n *fieldName) field() outField {
	return outField{name: n.lower, static: n.static, fleeting: n.fleeting}
}

// The fields that the server itself adds.
var (
	dateName   = wireName("date")
	lengthName = wireName("content-length")
)

func dateField(value string) outField {
	f := dateName.field()
	f.value = value
	return f
}

func lengthField(value string) outField {
	f := lengthName.field()
	f.value = value
	return f
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

// trailerFields are the values of the announced names, and what has
// [http.TrailerPrefix].
func (w *writer) trailerFields() []outField {
	w.fields = w.fields[:0] // the head is out
	for _, name := range w.trailers {
		w.addTrailer(name, w.header[name])
	}
	for name, values := range w.header {
		if name, late := strings.CutPrefix(name, http.TrailerPrefix); late {
			w.addTrailer(http.CanonicalHeaderKey(name), values)
		}
	}
	return w.fields
}

func (w *writer) addTrailer(name string, values []string) {
	if lower, ok := lowerName(name); ok && httpguts.ValidTrailerHeader(name) {
		w.addAll(outField{name: lower}, values)
	}
}
