package integration

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"sterling/internal/proxytest"
)

// fieldStream is a request as a list of fields says it, in HTTP/2 and HTTP/3.
type fieldStream struct {
	fields  []proxytest.Field
	data    [][]byte // a frame each
	trailer []proxytest.Field
	open    bool // it has no end
}

func (s fieldStream) String() string {
	var b strings.Builder
	show := func(list []proxytest.Field) {
		for _, f := range list {
			fmt.Fprintf(&b, "[%s: %s] ", proxytest.Quote(f.Name), proxytest.Quote(f.Value))
		}
	}
	show(s.fields)
	for _, d := range s.data {
		fmt.Fprintf(&b, "%q ", d)
	}
	show(s.trailer)
	if s.open {
		b.WriteString("(no end)")
	}
	return b.String()
}

func (s fieldStream) clone() fieldStream {
	s.fields, s.trailer, s.data = slices.Clone(s.fields), slices.Clone(s.trailer), slices.Clone(s.data)
	return s
}

// fieldsOf makes a list of pairs.
func fieldsOf(pairs ...string) []proxytest.Field {
	out := make([]proxytest.Field, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, proxytest.Field{Name: pairs[i], Value: pairs[i+1]})
	}
	return out
}

func streamSeeds() []fieldStream {
	asked := func(method, path string, more ...string) []proxytest.Field {
		return fieldsOf(append([]string{":method", method, ":scheme", "https", ":authority", "localhost", ":path", path}, more...)...)
	}
	inner := []byte(smuggled)
	return []fieldStream{
		{fields: asked("GET", "/app/page?x=1", "user-agent", "m", "x-note", "a", "cookie", "a=b", "cookie", "c=d")},
		{fields: asked("POST", "/app/form", "content-length", fmt.Sprint(len(inner))), data: [][]byte{inner[:9], inner[9:]}},
		{fields: asked("POST", "/app/form", "x-note", "b"), data: [][]byte{[]byte("0\r\n\r\n"), inner}},
		{fields: asked("PUT", "/app/x", "trailer", "x-t, x-u", "te", "trailers"), data: [][]byte{[]byte("abcde")}, trailer: fieldsOf("x-t", "1", "x-u", "2")},
		{fields: asked("GET", "/app/%2e%2e/admin", "x-forwarded-for", "6.6.6.6")},
		{fields: asked("POST", "/app/ask", "expect", "100-continue"), data: [][]byte{[]byte("x")}},
		{fields: fieldsOf(":method", "GET", ":scheme", "https", ":path", "/app/old", "host", "localhost", "x-note", "c")},
	}
}

// fieldPieces are put into lists.
var fieldPieces = fieldsOf(
	"content-length", "5", "content-length", "0", "content-length", "+5", "content-length", "5, 5", "content-length", "",
	"host", "localhost", "host", "evil", "transfer-encoding", "chunked", "connection", "close", "connection", "x-note", "te", "trailers", "te", "gzip",
	"keep-alive", "1", "upgrade", "h2c", "proxy-connection", "close", "http2-settings", "AAMAAABk", "proxy", "evil", "x_forwarded_for", "6.6.6.6",
	"x-forwarded-for", "6.6.6.6", "x-real-ip", "6.6.6.6", "expect", "100-continue", "trailer", "x-t", "trailer", "content-length", "cookie", "e=f",
	":path", "/admin", ":path", "*", ":method", "GET", ":authority", "evil", ":scheme", "http", ":protocol", "websocket", ":status", "200", ":x", "1",
	"X-Note", "a", "", "", "x note", "a", "x-note", "a\r\nx-b: c", "x-note", "a\x00", "x-note", " a ", "x-note\r\nx-b", "c", "x-t", "3", "early-data", "1",
)

// mutateStream changes a seed in a few places.
func mutateStream(r *rand.Rand, from []fieldStream) fieldStream {
	s := from[r.IntN(len(from))].clone()
	for range 1 + r.IntN(3) {
		switch r.IntN(9) {
		case 0, 1, 2:
			s.fields = mutateFields(r, s.fields)
		case 3, 4, 5:
			piece := fieldPieces[r.IntN(len(fieldPieces))]
			at := r.IntN(len(s.fields) + 1)
			if r.IntN(2) == 0 {
				at = len(s.fields)
			}
			s.fields = slices.Insert(s.fields, at, piece)
		case 6, 7:
			s.data = mutateData(r, s.data)
			if r.IntN(2) == 0 {
				s.measure()
			}
		default:
			switch r.IntN(3) {
			case 0:
				s.trailer = append(s.trailer, fieldPieces[r.IntN(len(fieldPieces))])
			case 1:
				s.trailer = mutateFields(r, s.trailer)
			default:
				s.open = r.IntN(4) == 0
			}
		}
	}
	return s
}

// measure makes the length that is told the true one.
func (s *fieldStream) measure() {
	for i := range s.fields {
		if s.fields[i].Name == "content-length" {
			s.fields[i].Value = fmt.Sprint(len(bytes.Join(s.data, nil)))
		}
	}
}

func mutateFields(r *rand.Rand, list []proxytest.Field) []proxytest.Field {
	if len(list) == 0 {
		return list
	}
	at, other := r.IntN(len(list)), r.IntN(len(list))
	f := &list[at]
	switch r.IntN(6) {
	case 0:
		return slices.Delete(list, at, at+1)
	case 1:
		return slices.Insert(list, other, *f)
	case 2:
		list[at], list[other] = list[other], list[at]
	case 3:
		f.Name = mutateString(r, f.Name)
	default:
		f.Value = mutateString(r, f.Value)
	}
	return list
}

func mutateString(r *rand.Rand, s string) string {
	at := r.IntN(len(s) + 1)
	switch {
	case s == "" || r.IntN(3) == 0:
		return s[:at] + pieces[r.IntN(len(pieces))] + s[at:]
	case at < len(s) && r.IntN(2) == 0:
		return s[:at] + string([]byte{s[at] ^ 1<<r.IntN(8)}) + s[at+1:]
	}
	return s[:at] + s[min(len(s), at+1+r.IntN(3)):]
}

func mutateData(r *rand.Rand, data [][]byte) [][]byte {
	at := r.IntN(len(data) + 1)
	switch r.IntN(4) {
	case 0:
		return slices.Insert(data, at, []byte(pieces[r.IntN(len(pieces))]))
	case 1:
		return slices.Insert(data, at, nil)
	case 2:
		if at < len(data) {
			return slices.Delete(data, at, at+1)
		}
	default:
		if at < len(data) {
			half := len(data[at]) / 2
			return slices.Concat(data[:at], [][]byte{data[at][:half], data[at][half:]}, data[at+1:])
		}
	}
	return data
}
