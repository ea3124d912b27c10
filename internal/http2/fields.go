package http2

import (
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/http2/hpack"
)

// requestFields are the fields of a request that mean something to the server.
type requestFields struct {
	method, scheme, authority, path string

	seen    uint8 // pseudo-header fields, as bits
	regular bool  // a field that is none has come

	host, length, userAgent string
	hosts, lengths          int
	cookies                 []string
	expects, promises       bool
	trailer                 http.Header // of a block of trailers
}

func (r *requestFields) reset() {
	cookies := r.cookies[:0]
	clear(r.cookies)
	if cap(cookies) > maxKeptFields {
		cookies = nil
	}
	*r = requestFields{cookies: cookies}
}

const (
	seenMethod = 1 << iota
	seenScheme
	seenAuthority
	seenPath
)

// pseudo takes in a pseudo-header field (RFC 9113, section 8.3.1). It returns
// what is wrong with it, or "".
func (r *requestFields) pseudo(f hpack.HeaderField) string {
	var bit uint8
	switch f.Name {
	case ":method":
		r.method, bit = f.Value, seenMethod
	case ":scheme":
		r.scheme, bit = f.Value, seenScheme
	case ":authority":
		r.authority, bit = f.Value, seenAuthority
	case ":path":
		r.path, bit = f.Value, seenPath
	default:
		return "an unknown pseudo-header field"
	}
	switch {
	case r.regular:
		return "a pseudo-header field behind a header field"
	case r.seen&bit != 0:
		return "a pseudo-header field twice"
	}
	r.seen |= bit
	return ""
}

// regular takes in a header field.
func (b *block) regular(f hpack.HeaderField) string {
	r := &b.fields
	r.regular = true
	known := wireName(f.Name)
	if known == nil {
		if !validName(f.Name) {
			return "a field name with a byte that it must not have"
		}
		b.to.add(b.c.names.of(f.Name), f.Value)
		return ""
	}
	switch known.class {
	case fieldPlain:
	case fieldConnection:
		return "a field that speaks of the connection"
	case fieldTE:
		if f.Value != "trailers" {
			return "a transfer coding"
		}
	case fieldHost:
		r.host = f.Value
		r.hosts++
		return ""
	case fieldLength:
		r.length = f.Value
		r.lengths++
	case fieldCookie:
		if r.cookies = append(r.cookies, f.Value); len(r.cookies) > 1 {
			return ""
		}
	case fieldExpect:
		if httpguts.HeaderValuesContainsToken([]string{f.Value}, "100-continue") {
			r.expects = true
		}
	case fieldTrailer:
		r.promises = true
	case fieldUserAgent:
		r.userAgent = f.Value
	}
	b.to.add(known.canonical, f.Value)
	return ""
}

// add adds a header. The slices of values lie one behind the other, and none
// can grow into the next.
func (s *stream) add(name, value string) {
	if values, ok := s.header[name]; ok {
		s.header[name] = append(values, value)
		return
	}
	n := len(s.values)
	s.values = append(s.values, value)
	s.header[name] = s.values[n : n+1 : n+1]
}

// trailer takes in a trailer field. Those that were not announced are dropped,
// as net/http does.
func (b *block) trailer(f hpack.HeaderField) string {
	if f.IsPseudo() {
		return "a pseudo-header field among the trailers"
	}
	if !validName(f.Name) {
		return "a field name with a byte that it must not have"
	}
	name := ""
	if known := wireName(f.Name); known == nil {
		name = b.c.names.of(f.Name)
	} else if name = known.canonical; known.class == fieldConnection || known.class == fieldTE {
		return "a field that speaks of the connection"
	}
	for _, promised := range b.to.body.promised {
		if promised != name {
			continue
		}
		if !httpguts.ValidTrailerHeader(name) {
			return "a field that no trailer may be"
		}
		if b.fields.trailer == nil {
			b.fields.trailer = make(http.Header)
		}
		b.fields.trailer.Add(name, f.Value)
	}
	return ""
}

// promise makes the request's Trailer from the names in its header. It returns
// them.
func (s *stream) promise() (names []string) {
	for _, list := range s.header["Trailer"] {
		for name := range strings.SplitSeq(list, ",") {
			name = http.CanonicalHeaderKey(strings.Trim(name, " \t"))
			switch {
			case name == "", !all(name, tokenAny), name == "Transfer-Encoding", name == "Trailer", name == "Content-Length":
				continue
			}
			if _, again := s.req.Trailer[name]; again {
				continue // or its values would come once for each time
			}
			if s.req.Trailer == nil {
				s.req.Trailer = make(http.Header)
			}
			s.req.Trailer[name] = nil
			names = append(names, name)
		}
	}
	delete(s.header, "Trailer")
	return names
}
