package http1

import (
	"errors"
	"io"
	"runtime/debug"
	"strconv"
	"sync"
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
// only lets go of the exchange, and ends when the client's body does.
type upload struct {
	x        *exchange
	body     io.Reader
	length   int64       // of the body; below 0: chunked
	stopped  atomic.Bool // it is to use nothing any more, see join
	ending   atomic.Bool // the last byte is being sent, or was
	finished atomic.Bool // all was sent
	done     chan struct{}

	// using is held by its goroutine except while that reads the client's
	// body, which may take for ever. It guards what follows, and the
	// exchange's connection and request.
	using  sync.Mutex
	head   []byte // still to be sent, with the first piece
	failed error  // a write failed
}

// startUpload sends head, and then the body.
func startUpload(x *exchange, head []byte) *upload {
	u := &upload{x: x, body: x.Body, length: x.Request.ContentLength, head: head, done: make(chan struct{})}
	u.ending.Store(u.length == 0)
	go u.run()
	return u
}

// join waits until the upload, which has been stopped, uses nothing of the
// exchange any more. Its goroutine may still wait for the client.
func (u *upload) join() {
	u.using.Lock()
	defer u.using.Unlock()
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
	u.using.Lock()
	defer u.using.Unlock()
	defer func() {
		if p := recover(); p != nil {
			// Not to end the process: whoever waits for the answer gets it.
			u.x.c.Abort(&PanicError{Value: p, Stack: debug.Stack()})
		}
	}()
	u.settle(u.copy())
}

// settle says how sending ended.
func (u *upload) settle(err error) {
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

// withhold stops the upload if nothing of the request has been sent, and reports
// whether that is so.
func (u *upload) withhold() bool {
	if !u.using.TryLock() {
		return false // it is being sent
	}
	defer u.using.Unlock()
	if !u.x.sent {
		u.stopped.Store(true)
	}
	return !u.x.sent
}

// hurry sends the head by itself where the body keeps it waiting.
func (u *upload) hurry() {
	if !u.using.TryLock() {
		return // it is being sent
	}
	defer u.using.Unlock()
	if len(u.head) == 0 || u.failed != nil {
		return
	}
	if err := u.write(u.takeHead()); err != nil {
		u.settle(err)
	}
}

func (u *upload) copy() error {
	size := int64(uploadBuffer)
	if u.length >= 0 && u.length < size {
		size = u.length + 1 // one more, to find that there is no more
	}
	room := len(u.head) + chunkRoom
	buf := make([]byte, int64(room)+size+chunkRoom)
	for sent := int64(0); ; {
		n, err := u.read(buf[room : int64(room)+size])
		sent += int64(n)
		switch {
		case err != nil && !ended(err):
			return err
		case u.length >= 0 && sent > u.length:
			return errLongBody
		case ended(err) && sent < u.length:
			return errShortBody
		}
		out := u.piece(buf, room, n)
		if ended(err) {
			if out, err = u.end(out); err == nil {
				err = io.EOF
			}
		}
		if sent == u.length {
			u.ending.Store(true)
		}
		if err != nil && !ended(err) {
			return err
		}
		if werr := u.write(out); werr != nil || ended(err) {
			return werr
		}
	}
}

// read takes the next bytes of the client's body. What it brings after the
// upload was stopped is dropped; a [Spool] has kept it.
func (u *upload) read(p []byte) (int, error) {
	n, err := u.await(p)
	if u.stopped.Load() {
		return 0, errSuperseded
	}
	return n, err
}

// await reads without using, which it holds again even if that panics.
func (u *upload) await(p []byte) (int, error) {
	u.using.Unlock()
	defer u.using.Lock()
	return u.body.Read(p)
}

// piece frames n bytes that stand at buf[room:], as a chunk or as they are,
// after the head if that is still to be sent.
func (u *upload) piece(buf []byte, room, n int) []byte {
	begin, end := room, room+n
	if u.length < 0 && n > 0 {
		var size [chunkRoom]byte
		line := append(strconv.AppendInt(size[:0], int64(n), 16), "\r\n"...)
		begin -= copy(buf[begin-len(line):], line)
		end += copy(buf[end:], "\r\n")
	}
	head := u.takeHead()
	begin -= copy(buf[begin-len(head):], head)
	return buf[begin:end]
}

func (u *upload) takeHead() []byte {
	head := u.head
	u.head = nil
	return head
}

// end appends the last chunk with the trailers, where the body is chunked.
func (u *upload) end(out []byte) ([]byte, error) {
	u.ending.Store(true)
	if u.length >= 0 {
		return out, nil
	}
	out = append(out, "0\r\n"...)
	for name, values := range u.x.Request.Trailer {
		if !trailing(name) {
			continue
		}
		for _, v := range values {
			if !httpguts.ValidHeaderFieldValue(v) {
				return nil, &BodyError{errors.New("a control byte in a trailer")}
			}
			out = appendField(out, name, v)
		}
	}
	return append(out, "\r\n"...), nil
}

// write sends p, if there is something and nothing has failed before.
func (u *upload) write(p []byte) error {
	if u.stopped.Load() {
		return errSuperseded
	}
	if u.failed != nil || len(p) == 0 {
		return u.failed
	}
	first := !u.x.sent
	u.x.sent = true
	if n, err := u.x.c.write(p, u.x.BodyIdle); err != nil {
		u.x.unsent = first && n == 0
		u.failed = &writeError{err}
	}
	return u.failed
}
