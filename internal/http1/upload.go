package http1

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync/atomic"
	"time"
)

var errStalled = errors.New("the server takes no more of the body")

const uploadBuffer = 16 << 10

// upload sends a body, on a goroutine of its own, so that an answer that comes
// early is seen. It ends with the exchange; one that waits for the client then
// only lets go of the connection, and ends when the client's body does.
type upload struct {
	x        *exchange
	stopped  atomic.Bool
	finished atomic.Bool // all was sent
}

func startUpload(x *exchange) *upload {
	u := &upload{x: x}
	go u.run()
	return u
}

// stop ends the upload.
func (u *upload) stop() {
	u.stopped.Store(true)
	if c, ok := u.x.Body.(io.Closer); ok {
		_ = c.Close() // a SpoolReader: it lets go of the source
	}
}

func (u *upload) complete() bool { return u.finished.Load() }

func (u *upload) run() {
	err := u.copy()
	var client *BodyError
	switch {
	case u.stopped.Load():
	case err == nil:
		u.finished.Store(true)
		u.x.start()
	case errors.As(err, &client):
		u.x.c.Abort(err)
	case isTimeout(err):
		u.x.c.Abort(errStalled)
	default:
		// The server has closed its side; its answer may be on its way, and
		// if not, the reader will see the end at once.
	}
}

func (u *upload) copy() error {
	length := u.x.Request.ContentLength
	buf := make([]byte, uploadBuffer+32)
	for sent := int64(0); ; {
		n, err := u.x.Body.Read(buf[16 : 16+uploadBuffer])
		if sent += int64(n); length >= 0 && sent > length {
			return &BodyError{errors.New("it is longer than its Content-Length")}
		}
		if n > 0 {
			if err := u.write(piece(buf, n, length)); err != nil {
				return err
			}
		}
		if err == nil {
			continue
		}
		if err != io.EOF {
			return err
		}
		if length >= 0 && sent < length {
			return &BodyError{fmt.Errorf("it is shorter than its Content-Length: %w", io.ErrUnexpectedEOF)}
		}
		if length < 0 {
			return u.write(u.end())
		}
		return nil
	}
}

// piece frames n bytes that stand at buf[16:]: as a chunk, or as they are.
func piece(buf []byte, n int, length int64) []byte {
	if length >= 0 {
		return buf[16 : 16+n]
	}
	var size [16]byte
	line := append(strconv.AppendInt(size[:0], int64(n), 16), "\r\n"...)
	begin := 16 - len(line)
	copy(buf[begin:], line)
	copy(buf[16+n:], "\r\n")
	return buf[begin : 16+n+2]
}

// end is the last chunk with the trailers.
func (u *upload) end() []byte {
	out := []byte("0\r\n")
	for name, values := range u.x.Request.Trailer {
		if ours(name) {
			continue
		}
		for _, v := range values {
			out = appendField(out, name, v)
		}
	}
	return append(out, "\r\n"...)
}

func (u *upload) write(p []byte) error {
	if u.stopped.Load() {
		return errSuperseded
	}
	if idle := u.x.BodyIdle; idle > 0 {
		u.x.c.setWriteDeadline(time.Now().Add(idle))
	}
	_, err := u.x.c.nc.Write(p)
	return err
}
