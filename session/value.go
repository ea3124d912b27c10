package session

import (
	"encoding/binary"
	"errors"
)

// The content of a cookie, before encryption:
//
//	version   one byte, valueVersion
//	born      milliseconds since 1970, varint
//	seen      milliseconds since born, varint
//	pool      length as uvarint, then the name
//	backend   length as uvarint, then the name
//	visitor   eight bytes, the lowest first; in older cookies there is padding
//	padding   zeros up to a multiple of valueBlock
//
// Encryption keeps the length of what it hides, so without the padding the
// length of a cookie would tell backends with names of different length apart.
const (
	valueVersion = 1
	valueBlock   = 40
	maxName      = 255 // bytes of a pool's or backend's name; keeps the cookie far below what browsers take
)

var errValue = errors.New("the value is not of this version")

// value is what a cookie says.
type value struct {
	pool, backend string
	born, seen    int64 // in milliseconds since 1970
	visitor       uint64
}

func (v value) encode() []byte {
	b := make([]byte, 0, 2*valueBlock)
	b = append(b, valueVersion)
	b = binary.AppendVarint(b, v.born)
	b = binary.AppendVarint(b, v.seen-v.born)
	b = binary.AppendUvarint(b, uint64(len(v.pool)))
	b = append(b, v.pool...)
	b = binary.AppendUvarint(b, uint64(len(v.backend)))
	b = append(b, v.backend...)
	b = binary.LittleEndian.AppendUint64(b, v.visitor)
	for len(b)%valueBlock != 0 {
		b = append(b, 0)
	}
	return b
}

func decodeValue(b []byte) (value, error) {
	if len(b) == 0 || b[0] != valueVersion {
		return value{}, errValue
	}
	r := reader{left: b[1:]}
	born := r.varint()
	seen := r.varint()
	v := value{
		pool:    r.name(),
		backend: r.name(),
		born:    born,
		seen:    born + seen,
	}
	if r.bad || v.backend == "" {
		return value{}, errValue
	}
	var visitor [8]byte
	copy(visitor[:], r.left)
	if v.visitor = binary.LittleEndian.Uint64(visitor[:]); v.visitor == 0 {
		v.visitor = unnamed(born)
	}
	return v, nil
}

// reader takes a value apart; after the first fault it is bad and yields zeros.
type reader struct {
	left []byte
	bad  bool
}

func (r *reader) varint() int64 {
	n, size := binary.Varint(r.left)
	if size <= 0 {
		r.bad, size, n = true, 0, 0
	}
	r.left = r.left[size:]
	return n
}

func (r *reader) name() string {
	n, size := binary.Uvarint(r.left)
	if size <= 0 || n > maxName || int(n) > len(r.left)-size {
		r.bad = true
		return ""
	}
	s := string(r.left[size : size+int(n)])
	r.left = r.left[size+int(n):]
	return s
}

// unnamed is the id of a visitor whose cookie has none, for cookies had none once:
// one born at another time has another one. The mixing is that of SplitMix64.
func unnamed(born int64) uint64 {
	x := uint64(born) + 0x9e3779b97f4a7c15 //nolint:gosec // any bits will do
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return max(x^x>>31, 1)
}
