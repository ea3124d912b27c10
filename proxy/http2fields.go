package proxy

import "golang.org/x/net/http2/hpack"

// fieldClass is what a header field is to a request in HTTP/2.
type fieldClass uint8

const (
	harmless   fieldClass = iota
	trailers              // TE with the one value that a request may have
	coding                // TE with another
	connection            // a field that speaks of the connection
)

// forbidden reports whether the field makes a request malformed (RFC 9113,
// section 8.2.2).
func (c fieldClass) forbidden() bool { return c == coding || c == connection }

// A string in a header block is plain or in the Huffman code of HPACK, in which
// it has one form.
const (
	plain = iota
	huffman
)

// watchedNames are the names that can be forbidden, in either form.
var watchedNames = [2]map[string]fieldClass{
	plain:   watchNames(func(s string) string { return s }),
	huffman: watchNames(huffmanForm),
}

// onlyTrailers is the value that TE may have, in either form.
var onlyTrailers = [2]string{plain: "trailers", huffman: huffmanForm("trailers")}

func watchNames(form func(string) string) map[string]fieldClass {
	return map[string]fieldClass{
		form("connection"):        connection,
		form("keep-alive"):        connection,
		form("proxy-connection"):  connection,
		form("transfer-encoding"): connection,
		form("upgrade"):           connection,
		form("te"):                trailers,
	}
}

func huffmanForm(s string) string { return string(hpack.AppendHuffmanString(nil, s)) }

const (
	headerTable = 4 << 10          // bytes of a connection's HPACK table that the server grants
	maxEntries  = headerTable / 32 // fields that fit in (RFC 7541, section 4.1)
	maxRest     = 64 << 10         // bytes of one field, over several frames

	staticEntries    = 61 // RFC 7541, appendix A
	transferEncoding = 57 // the one forbidden name among them
)

// fieldWatch reads the header blocks of a connection and finds forbidden
// fields. It decodes no string and keeps none: a name is compared in the form
// that it was sent in, and of the fields in the dynamic table only the class
// is kept. An index says how many fields were added since, so it takes no
// knowledge of the table's size or of what was evicted: that a field is gone
// makes naming it an error, and those are the server's to find.
type fieldWatch struct {
	added   uint64 // fields that ever were added to the table
	classes [maxEntries]fieldClass
	rest    []byte // a field that the last frame had the beginning of
	found   bool   // this block has a forbidden field
	lost    bool   // a block could not be read, so none after it can
}

// write reads the next part of a block.
func (w *fieldWatch) write(fragment []byte) {
	b := fragment
	carried := len(w.rest)
	if carried > 0 {
		w.rest = append(w.rest, fragment...)
		b = w.rest
	}
	all := len(b)
	for len(b) > 0 && !w.lost {
		n := w.field(b)
		if n == incomplete {
			break
		}
		w.lost = n == malformed
		b = b[max(n, 0):]
	}
	if w.lost || len(b) > maxRest {
		w.lost, w.rest = true, nil
		return
	}
	if carried == 0 || len(b) < all {
		w.rest = append(w.rest[:0], b...)
	}
}

// end ends a block and reports whether it has a forbidden field.
func (w *fieldWatch) end() bool {
	found := w.found
	w.found = false
	if len(w.rest) > 0 {
		w.lost = true
	}
	w.rest = nil
	return found && !w.lost
}

// What the functions below return in place of a number of bytes.
const (
	incomplete = 0
	malformed  = -1
)

// field reads the first field of b, or the table size in its place (RFC 7541,
// section 6), and returns its length in bytes.
func (w *fieldWatch) field(b []byte) int {
	switch {
	case b[0]&0x80 != 0:
		i, n := integer(b, 7)
		if n <= 0 {
			return n
		}
		class, ok := w.at(i)
		if !ok {
			return malformed
		}
		w.found = w.found || class.forbidden()
		return n
	case b[0]&0xe0 == 0x20:
		_, n := integer(b, 5)
		return n
	case b[0]&0xc0 == 0x40:
		class, n := w.literal(b, 6)
		if n > 0 {
			w.classes[w.added%maxEntries] = class
			w.added++
		}
		return n
	default:
		_, n := w.literal(b, 4)
		return n
	}
}

// literal reads a field with a value of its own, whose first byte has prefix
// bits of the index of its name, and returns its length.
func (w *fieldWatch) literal(b []byte, prefix int) (fieldClass, int) {
	i, n := integer(b, prefix)
	if n <= 0 {
		return harmless, n
	}
	class, ok := w.at(i)
	if i == 0 {
		name, code, m := text(b[n:])
		if m <= 0 {
			return harmless, m
		}
		class, ok = watchedNames[code][string(name)], true
		n += m
	}
	if !ok {
		return harmless, malformed
	}
	value, code, m := text(b[n:])
	if m <= 0 {
		return harmless, m
	}
	if class == trailers || class == coding {
		class = coding
		if len(value) == 0 || string(value) == onlyTrailers[code] {
			class = trailers
		}
	}
	w.found = w.found || class.forbidden()
	return class, n + m
}

// at returns the class of the field with index i; there need not be one.
func (w *fieldWatch) at(i uint64) (fieldClass, bool) {
	switch {
	case i == transferEncoding:
		return connection, true
	case i <= staticEntries:
		return harmless, i > 0
	}
	ago := i - staticEntries
	if ago > min(w.added, maxEntries) {
		return harmless, false
	}
	return w.classes[(w.added-ago)%maxEntries], true
}

// integer reads a number that begins in the last prefix bits of b's first byte
// (RFC 7541, section 5.1), and returns its length beside it.
func integer(b []byte, prefix int) (uint64, int) {
	if len(b) == 0 {
		return 0, incomplete
	}
	most := byte(1)<<prefix - 1
	v := uint64(b[0] & most)
	if v < uint64(most) {
		return v, 1
	}
	const longest = 9 // bytes after the first; the server reads no more
	for n, c := range b[1:] {
		if n == longest {
			return 0, malformed
		}
		v += uint64(c&0x7f) << (7 * n)
		if c&0x80 == 0 {
			return v, n + 2
		}
	}
	return 0, incomplete
}

// text reads a string (RFC 7541, section 5.2), and returns what code it is in
// and its length beside it.
func text(b []byte) (s []byte, code, n int) {
	size, n := integer(b, 7)
	if n <= 0 {
		return nil, plain, n
	}
	if size > uint64(len(b)-n) {
		return nil, plain, incomplete
	}
	if b[0]&0x80 != 0 {
		code = huffman
	}
	end := n + int(size)
	return b[n:end], code, end
}
