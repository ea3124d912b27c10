package tunnel

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// frame is what a plain parser of whole byte strings makes of a frame.
type frame struct {
	final   bool
	opcode  byte
	masked  bool
	payload []byte // unmasked
}

// parseFrames splits b into frames and the rest, which is the start of one more.
// ok is false when the next frame has a length that no frame has.
func parseFrames(b []byte) (all []frame, rest []byte, ok bool) {
	for {
		if len(b) < 2 {
			return all, b, true
		}
		f := frame{final: b[0]&0x80 != 0, opcode: b[0] & 15, masked: b[1]&0x80 != 0}
		size, at := uint64(b[1]&127), 2
		switch {
		case size == 126 && len(b) < 4, size == 127 && len(b) < 10:
			return all, b, true
		case size == 126:
			size, at = uint64(binary.BigEndian.Uint16(b[2:])), 4
		case size == 127:
			size, at = binary.BigEndian.Uint64(b[2:]), 10
		}
		if size > 1<<63-1 {
			return all, b, false
		}
		var key [4]byte
		if f.masked {
			if len(b) < at+4 {
				return all, b, true
			}
			at += copy(key[:], b[at:])
		}
		if uint64(len(b)-at) < size {
			return all, b, true
		}
		f.payload = bytes.Clone(b[at : at+int(size)])
		for i := range f.payload {
			f.payload[i] ^= key[i%4]
		}
		all = append(all, f)
		b = b[at+int(size):]
	}
}

// appendFrame appends a frame; size forces the form of its length (0: the
// shortest one, 2 or 8 bytes otherwise).
func appendFrame(b []byte, first byte, masked bool, size int, payload []byte) []byte {
	var mask byte
	if masked {
		mask = 0x80
	}
	b = append(b, first)
	switch n := len(payload); {
	case size == 8 || n > 0xffff:
		b = binary.BigEndian.AppendUint64(append(b, mask|127), uint64(n))
	case size == 2 || n > 125:
		b = binary.BigEndian.AppendUint16(append(b, mask|126), uint16(n))
	default:
		b = append(b, mask|byte(n))
	}
	if !masked {
		return append(b, payload...)
	}
	key := [4]byte{1, 2, 3, 4}
	b = append(b, key[:]...)
	for i, c := range payload {
		b = append(b, c^key[i%4])
	}
	return b
}

// script is a stream with each form of frame: fragments with a ping between
// them, empty and long ones.
func script(masked bool) []byte {
	b := appendFrame(nil, 0x81, masked, 0, []byte("hello"))
	b = appendFrame(b, 0x02, masked, 0, []byte{0x88, 0x00, 0x88, 0x02}) // looks like Close frames
	b = appendFrame(b, 0x89, masked, 0, nil)
	b = appendFrame(b, 0x80, masked, 2, []byte("end"))
	b = appendFrame(b, 0x82, masked, 0, bytes.Repeat([]byte{0x88}, 126))
	return appendFrame(b, 0x81, masked, 8, []byte("x"))
}

func FuzzFramesAgreeWithAPlainParser(f *testing.F) {
	f.Add(script(false), uint64(1))
	f.Add(script(true), uint64(2))
	f.Add(append(script(true), closeFrame(1000, "bye", true)...), uint64(3))
	f.Add([]byte{0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2}, uint64(4))
	f.Add([]byte{0x88, 0x80, 1, 2, 3, 4, 0x81}, uint64(5))
	f.Add([]byte{0x88, 126, 0, 0, 0x88}, uint64(6))
	f.Fuzz(func(t *testing.T, stream []byte, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		var got frames
		passed, boundaries := 0, 0
		for passed < len(stream) {
			piece := stream[passed:min(len(stream), passed+1+random.IntN(20))]
			for len(piece) > 0 {
				n := got.next(piece)
				if n < 1 || n > len(piece) {
					t.Fatalf("%d of %d bytes passed", n, len(piece))
				}
				passed += n
				piece = piece[n:]
				if got.boundary() {
					boundaries++
				}
				check(t, &got, stream[:passed], boundaries)
			}
		}
		var whole frames
		whole.all(stream)
		if whole.boundary() != got.boundary() || whole.closed != got.closed {
			t.Fatal("the pieces differ from the whole")
		}
	})
}

func check(t *testing.T, got *frames, passed []byte, boundaries int) {
	t.Helper()
	all, rest, ok := parseFrames(passed)
	if got.broken == ok {
		t.Fatalf("%x: broken %t, parser says %t", passed, got.broken, !ok)
	}
	if boundary := ok && len(rest) == 0; got.boundary() != boundary || boundaries != len(all) {
		t.Fatalf("%x: boundary %t, want %t; the %dth, want %d", passed, got.boundary(), boundary, boundaries, len(all))
	}
	closed := false
	for _, f := range all {
		closed = closed || f.opcode == opClose
	}
	if got.closed != closed {
		t.Fatalf("%x: closed %t, want %t", passed, got.closed, closed)
	}
}
