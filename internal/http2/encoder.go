package http2

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http2/hpack"
)

// encoder writes header blocks (RFC 7541). That of golang.org/x/net takes any
// field into its table, looks it up in maps of its own for each connection, and
// keeps the whole of what a value was cut from alive. This one learns: a value
// that is not seen a second time costs a header its place in the table, until
// its name is forgotten.
//
// It needs no more than a table of entries, the oldest first. They are few: an
// entry counts 32 bytes and more of 4 KiB.
type encoder struct {
	entries []entry
	size    int // of all entries, as RFC 7541, section 4.1, counts them
	most    int // that size may be

	changed bool // most has changed since the last block
}

type entry struct {
	name, value string
	used        bool // since it was added
}

func (e *entry) size() int { return entryOverhead + len(e.name) + len(e.value) }

const (
	entryOverhead = 32
	encoderTable  = 4 << 10 // bytes of table at most, whatever the client grants
	maxEntry      = encoderTable / 2
	staticEntries = 61 // RFC 7541, appendix A
)

// outField is a field on its way out. Where the same names are written again
// and again, they should be the same strings: that makes comparing cheap.
type outField struct {
	name, value string
	static      uint8 // the index of a static entry with this name; 0: there is none
	fleeting    bool  // the value is not worth remembering, or must not be
}

// resize follows SETTINGS_HEADER_TABLE_SIZE. When that changes more than once
// between two blocks, the smallest size has to be told, and a larger one may
// (RFC 7541, section 4.2): some decoders take only one, so it is left at that.
func (e *encoder) resize(granted uint32) {
	most := int(min(granted, encoderTable))
	if e.changed {
		most = min(most, e.most)
	}
	e.changed = e.changed || most != e.most
	e.most = most
	e.evict()
}

// begin is called before the first field of a block.
func (e *encoder) begin(b []byte) []byte {
	if !e.changed {
		return b
	}
	e.changed = false
	return appendNumber(b, 0x20, 5, e.most)
}

// append appends f to b, a block.
func (e *encoder) append(b []byte, f *outField) []byte {
	if f.fleeting {
		return e.literal(b, f, int(f.static))
	}
	newest := -1 // entry with this name
	for i := len(e.entries) - 1; i >= 0; i-- {
		have := &e.entries[i]
		if have.name != f.name {
			continue
		}
		if have.value == f.value {
			have.used = true
			return appendNumber(b, 0x80, 7, e.index(i))
		}
		if newest < 0 {
			newest = i
		}
	}
	name := int(f.static)
	if name == 0 && newest >= 0 {
		name = e.index(newest)
	}
	added := entry{name: f.name, value: f.value}
	if newest >= 0 && !e.entries[newest].used || added.size() > min(maxEntry, e.most) {
		return e.literal(b, f, name)
	}
	b = appendNumber(b, 0x40, 6, name)
	if name == 0 {
		b = appendShort(b, f.name)
	}
	b = appendShort(b, f.value)
	added.name, added.value = strings.Clone(added.name), strings.Clone(added.value)
	if known := wireName(f.name); known != nil {
		added.name = known.lower
	}
	e.entries = append(e.entries, added)
	e.size += added.size()
	e.evict()
	return b
}

// index is the index of an entry.
func (e *encoder) index(i int) int { return staticEntries + len(e.entries) - i }

// literal appends f without remembering it. The value goes out as it is: to
// compress it would have to be done again each time.
func (e *encoder) literal(b []byte, f *outField, name int) []byte {
	b = appendNumber(b, 0, 4, name)
	if name == 0 {
		b = appendText(b, f.name)
	}
	return appendText(b, f.value)
}

// evict makes the table as small as it has to be.
func (e *encoder) evict() {
	n := 0
	for ; e.size > e.most; n++ {
		e.size -= e.entries[n].size()
	}
	if n > 0 {
		e.entries = slices.Delete(e.entries, 0, n)
	}
}

// status appends the status.
func (e *encoder) status(b []byte, status int) []byte {
	const name = 8 // :status in the static table, with the values below
	if i := slices.Index(staticStatuses[:], status); i >= 0 {
		return appendNumber(b, 0x80, 7, name+i)
	}
	b = appendNumber(b, 0, 4, name)
	b = append(b, 3)
	return strconv.AppendInt(b, int64(status), 10)
}

var staticStatuses = [...]int{200, 204, 206, 304, 400, 404, 500}

// appendNumber appends n with a prefix of bits bits, behind the bits of first
// (RFC 7541, section 5.1).
func appendNumber(b []byte, first byte, bits uint, n int) []byte {
	most := 1<<bits - 1
	if n < most {
		return append(b, first|byte(n)) //nolint:gosec // less than most
	}
	b = append(b, first|byte(most)) //nolint:gosec // a byte
	for n -= most; n >= 0x80; n >>= 7 {
		b = append(b, 0x80|byte(n&0x7f))
	}
	return append(b, byte(n)) //nolint:gosec // less than 0x80
}

// appendText appends s as it is (RFC 7541, section 5.2).
func appendText(b []byte, s string) []byte {
	return append(appendNumber(b, 0, 7, len(s)), s...)
}

// appendShort appends s in the form that is shorter.
func appendShort(b []byte, s string) []byte {
	n := hpack.HuffmanEncodeLength(s)
	if n >= uint64(len(s)) {
		return appendText(b, s)
	}
	return hpack.AppendHuffmanString(appendNumber(b, 0x80, 7, int(n)), s) //nolint:gosec // shorter than s
}
