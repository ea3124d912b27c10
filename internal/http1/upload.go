package http1

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"
)

var errStalled = errors.New("the server takes no more of the body")

const (
	uploadBuffer = 16 << 10
	chunkRoom    = 16 // before and after a piece, for its framing
	// settlePatience is for an upload whose last byte was answered already.
	settlePatience = 20 * time.Millisecond
)

// upload sends a body, on a goroutine of its own, so that an answer that comes
// early is seen. It ends with the exchange; one that waits for the client then
// only lets go of the connection, and ends when the client's body does.
type upload struct {
	x        *exchange
	stopped  atomic.Bool
	ending   atomic.Bool // the last byte is being sent, or was
	finished atomic.Bool // all was sent
	done     chan struct{}
}

func startUpload(x *exchange) *upload {
	u := &upload{x: x, done: make(chan struct{})}
	u.ending.Store(x.Request.ContentLength == 0)
	go u.run()
	return u
}

// settled reports whether all was sent and nothing of the upload is left.
func (u *upload) settled() bool {
	if !u.ending.Load() {
		return false
	}
	select {
	case <-u.done:
		return u.finished.Load()
	default:
	}
	limit := time.NewTimer(settlePatience)
	defer limit.Stop()
	select {
	case <-u.done:
	case <-limit.C:
		return false
	}
	return u.finished.Load()
}

// writeError tells the server's fault from that of the body.
type writeError struct{ error }

func (e *writeError) Unwrap() error { return e.error }

func (u *upload) run() {
	defer close(u.done)
	defer func() {
		if p := recover(); p != nil {
			// Not to end the process: whoever waits for the answer gets it.
			u.x.c.Abort(&PanicError{Value: p, Stack: debug.Stack()})
		}
	}()
	err := u.copy()
	var server *writeError
	switch {
	case u.stopped.Load():
	case err == nil:
		u.finished.Store(true)
		u.x.clock.start()
	case !errors.As(err, &server):
		u.x.c.Abort(err)
	case !isTimeout(err):
		// The server has closed its side. Its answer may be on its way, and
		// if not, the reader will see the end at once.
		u.x.clock.start()
	case !u.x.clock.isAnswered():
		u.x.c.Abort(errStalled)
	}
}

func (u *upload) copy() error {
	length := u.x.Request.ContentLength
	size := int64(uploadBuffer)
	if length >= 0 && length < size {
		size = length + 1 // one more, to find that there is no more
	}
	buf := make([]byte, chunkRoom+size+chunkRoom)
	for sent := int64(0); ; {
		n, err := u.x.Body.Read(buf[chunkRoom : chunkRoom+size])
		sent += int64(n)
		switch {
		case length >= 0 && sent > length:
			return &BodyError{errors.New("it is longer than its Content-Length")}
		case n > 0:
			if sent == length {
				u.ending.Store(true)
			}
			if err := u.write(piece(buf, n, length)); err != nil {
				return err
			}
		}
		switch {
		case err == nil:
		case err != io.EOF:
			return err
		case sent < length:
			return &BodyError{fmt.Errorf("it is shorter than its Content-Length: %w", io.ErrUnexpectedEOF)}
		default:
			return u.end()
		}
	}
}

// piece frames n bytes that stand at buf[chunkRoom:]: as a chunk, or as they
// are.
func piece(buf []byte, n int, length int64) []byte {
	if length >= 0 {
		return buf[chunkRoom : chunkRoom+n]
	}
	var size [chunkRoom]byte
	line := append(strconv.AppendInt(size[:0], int64(n), 16), "\r\n"...)
	begin := chunkRoom - len(line)
	copy(buf[begin:], line)
	copy(buf[chunkRoom+n:], "\r\n")
	return buf[begin : chunkRoom+n+2]
}

// end sends the last chunk with the trailers, where the body is chunked.
func (u *upload) end() error {
	u.ending.Store(true)
	if u.x.Request.ContentLength >= 0 {
		return nil
	}
	out := []byte("0\r\n")
	for name, values := range u.x.Request.Trailer {
		if !trailing(name) {
			continue
		}
		for _, v := range values {
			if !httpguts.ValidHeaderFieldValue(v) {
				return &BodyError{errors.New("a control byte in a trailer")}
			}
			out = appendField(out, name, v)
		}
	}
	return u.write(append(out, "\r\n"...))
}

func (u *upload) write(p []byte) error {
	if u.stopped.Load() {
		return errSuperseded
	}
	if _, err := u.x.c.write(p, u.x.BodyIdle); err != nil {
		return &writeError{err}
	}
	return nil
}
