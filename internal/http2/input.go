package http2

import (
	"io"
	"sync"
)

// inputSize has room for any frame that is allowed.
const inputSize = maxFrame + 2<<10

var inputBuffers = sync.Pool{New: func() any { return new([inputSize]byte) }}

// input reads frames. It holds a buffer only while there is something in it:
// it waits with the room of one byte.
type input struct {
	from  io.Reader
	buf   *[inputSize]byte // nil: nothing is buffered
	r, w  int
	first [1]byte
}

func (in *input) buffered() int { return in.w - in.r }

// peek returns the next n bytes, which stay valid until the next call.
func (in *input) peek(n int) ([]byte, error) {
	for in.buffered() < n {
		if err := in.fill(n); err != nil {
			return nil, err
		}
	}
	return in.buf[in.r : in.r+n], nil
}

// fill reads once, so that there can be n bytes.
func (in *input) fill(n int) error {
	if in.buffered() == 0 {
		in.release()
		m, err := in.from.Read(in.first[:])
		if m == 0 {
			return err
		}
		in.buf = inputBuffers.Get().(*[inputSize]byte) //nolint:errcheck // the pool holds nothing else
		in.buf[0], in.r, in.w = in.first[0], 0, 1
		if n == 1 {
			return nil
		}
	}
	if in.r+n > len(in.buf) {
		in.w = copy(in.buf[:], in.buf[in.r:in.w])
		in.r = 0
	}
	m, err := in.from.Read(in.buf[in.w:])
	in.w += m
	if m > 0 {
		return nil
	}
	return err
}

// skip drops n bytes that were seen.
func (in *input) skip(n int) { in.r += n }

// read reads what is buffered, or else from below: never more than p holds.
func (in *input) read(p []byte) (int, error) {
	if in.buffered() == 0 {
		in.release()
		return in.from.Read(p)
	}
	n := copy(p, in.buf[in.r:in.w])
	in.r += n
	return n, nil
}

// discard drops the next n bytes, whether they have come or not.
func (in *input) discard(n int) error {
	for n > 0 {
		if in.buffered() == 0 {
			if err := in.fill(n); err != nil {
				return err
			}
		}
		m := min(n, in.buffered())
		in.r += m
		n -= m
	}
	return nil
}

// release gives the buffer back.
func (in *input) release() {
	if in.buf != nil {
		inputBuffers.Put(in.buf)
		in.buf = nil
	}
	in.r, in.w = 0, 0
}
