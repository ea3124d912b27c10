package http1

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// Buffered is a body that may be at hand as a whole. Buffered returns the bytes
// that are still to be read, until the next Read, and whether they are all:
// then reading them, and the end, does not wait. A request with such a body is
// sent in one piece, and no goroutine is needed for it.
type Buffered interface {
	Buffered() (rest []byte, all bool)
}

// gather appends the body to the head where that is possible.
func (x *exchange) gather(head []byte) ([]byte, error) {
	b, ok := x.Body.(Buffered)
	if !ok || x.Request.ContentLength < 0 || x.Request.ContentLength > uploadBuffer {
		return head, nil
	}
	rest, all := b.Buffered()
	if !all || int64(len(rest)) != x.Request.ContentLength {
		return head, nil // the one who sends it will say what is wrong
	}
	x.gathered = true
	at, end := len(head), len(head)+len(rest)
	out := slices.Grow(head, len(rest)+1)[:end+1] // one more, to find that there is no more
	for {
		n, err := x.Body.Read(out[at:])
		at += n
		switch {
		case at > end:
			return nil, errLongBody
		case ended(err) && at < end:
			return nil, errShortBody
		case ended(err):
			x.c.out = out // it may have grown
			return out[:end], nil
		case err != nil:
			return nil, err
		}
	}
}

var (
	errLongBody  error = &BodyError{errors.New("it is longer than its Content-Length")}
	errShortBody error = &BodyError{fmt.Errorf("it is shorter than its Content-Length: %w", io.ErrUnexpectedEOF)}
)
