package tunnel

import "encoding/binary"

// opClose is the opcode of a Close frame (RFC 6455 section 5.5.1).
const opClose = 0x8

// frames follows the frames in one direction of a websocket (RFC 6455 section
// 5.2) without keeping any of it. The zero value stands before a first frame.
type frames struct {
	head   [10]byte // of the current frame, as far as its length needs it
	have   int      // bytes of head seen
	left   uint64   // bytes of the frame after head that are still to come
	body   bool     // head is complete
	broken bool     // no frame starts like this; there are no more boundaries
	closed bool     // a whole Close frame has passed
}

// boundary tells whether a frame has just ended, or none has begun.
func (f *frames) boundary() bool { return f.have == 0 && !f.broken }

// closes tells whether a frame that starts with this byte is a Close frame.
func closes(first byte) bool { return first&0xf == opClose }

// next passes p up to the end of the current frame, or all of it, and returns
// how many bytes that is. At least one byte of a p that is not empty passes.
func (f *frames) next(p []byte) int {
	if f.broken {
		return len(p)
	}
	n := 0
	for n < len(p) && !f.body && !f.broken {
		f.head[f.have] = p[n]
		f.have++
		n++
		f.readHead()
	}
	if f.body {
		skip := min(f.left, uint64(len(p)-n))
		f.left -= skip
		n += int(skip)
		if f.left == 0 {
			f.closed = f.closed || closes(f.head[0])
			f.have, f.body = 0, false
		}
	}
	if f.broken {
		return len(p)
	}
	return n
}

// readHead looks whether what is there of a frame's head says how long the
// frame is.
func (f *frames) readHead() {
	if f.have < 2 {
		return
	}
	length := uint64(f.head[1] & 0x7f)
	switch {
	case length == 126 && f.have == 4:
		length = uint64(binary.BigEndian.Uint16(f.head[2:4]))
	case length == 127 && f.have == 10:
		length = binary.BigEndian.Uint64(f.head[2:10])
	case length >= 126:
		return
	}
	if length>>63 != 0 {
		f.broken = true // "the most significant bit MUST be 0"
		return
	}
	if masked := f.head[1]&0x80 != 0; masked {
		length += 4
	}
	f.left, f.body = length, true
}

// all passes the whole of p.
func (f *frames) all(p []byte) {
	for len(p) > 0 {
		p = p[f.next(p):]
	}
}
