package proxy

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

var (
	errBodyTooLarge = errors.New("the request body is larger than the route allows")
	errBodyStalled  = errors.New("the client stopped sending its body")
	errBodyLonger   = errors.New("the request body is longer than was announced")
	errBodyGone     = errors.New("the request has ended")
)

// lingering is how long a connection is read from whose request was answered
// before its body was in: closing it at once would reset it, and the answer
// might be lost on its way (RFC 9112, section 9.6).
const lingering = 2 * time.Second

// requestBody is the client's body with the route's size limit, and a read
// deadline that is kept ahead of progress: a slow upload goes on, one that
// stalls ends. It may be read by a goroutine that outlives the handler; after
// detach it no longer touches the connection.
type requestBody struct {
	src  io.ReadCloser
	max  int64 // bytes; 0: no limit
	idle time.Duration
	// stream: it is that of an HTTP/2 stream, where a deadline that passes ends
	// the body, whether anybody reads or not. It stands during a read alone.
	stream bool
	left   int64 // of a length that a stream has announced; 0: none has
	read   atomic.Int64
	// whole is set once the end of the body was read.
	whole atomic.Bool

	// controlMu guards control, deadline and closed: a deadline must not be
	// set once the handler has returned.
	controlMu sync.Mutex
	control   *http.ResponseController
	deadline  time.Time
	closed    bool

	ahead []byte // read before a backend was asked, see begin

	failure atomic.Pointer[error] // the first read that failed, but for io.EOF
}

func (b *requestBody) Read(p []byte) (int, error) {
	if !b.extend() {
		return 0, errBodyGone
	}
	if len(b.ahead) > 0 {
		n := copy(p, b.ahead)
		b.ahead = b.ahead[n:]
		return n, nil
	}
	if b.max > 0 {
		// One byte past the limit tells too large from exactly full.
		if left := b.max + 1 - b.read.Load(); int64(len(p)) > left {
			p = p[:left]
		}
	}
	n, err := b.src.Read(p)
	if b.left > 0 {
		n, err = b.hold(n, err)
	}
	if b.stream {
		b.release()
	}
	if b.max > 0 && b.read.Add(int64(n)) > b.max {
		err = errBodyTooLarge
		n = 0
	} else if b.max <= 0 {
		b.read.Add(int64(n))
	}
	switch {
	case err == nil:
		return n, nil
	case err == io.EOF: //nolint:errorlint // a wrapped one is no end of the body
		b.whole.Store(true)
		b.release()
		return n, io.EOF
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = errBodyStalled
	}
	b.failure.CompareAndSwap(nil, &err)
	return n, err
}

// hold keeps the end of a body of a known length back until the stream has ended.
// A backend that has as many bytes as were announced takes the request for whole,
// and more of them would make it malformed (RFC 9113, section 8.1.1; RFC 9114,
// section 4.1.2).
func (b *requestBody) hold(n int, err error) (int, error) {
	if b.left -= int64(n); b.left > 0 {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return n, err
	}
	for more := make([]byte, 1); err == nil; {
		var longer int
		if longer, err = b.src.Read(more); longer > 0 {
			err = errBodyLonger
		}
	}
	if err != io.EOF {
		n = 0
	}
	return n, err
}

// firstPiece is how much of a chunked body is read before a backend is asked.
const firstPiece = 4 << 10

// begin waits for the first piece of a chunked body, so that a body whose very
// framing is broken never reaches a backend. Its error is that of the body; an
// empty body is none.
func (b *requestBody) begin() error {
	first := make([]byte, firstPiece)
	n, err := b.Read(first)
	b.ahead = first[:n]
	if err == io.EOF { //nolint:errorlint // a wrapped one is no end of the body
		return nil
	}
	return err
}

// Close implements [io.Closer]. It does nothing: the body belongs to the
// server, and no attempt may take it from the next one.
func (b *requestBody) Close() error { return nil }

// err is why the body could not be read to its end, or nil.
func (b *requestBody) err() error {
	if b == nil {
		return nil
	}
	if p := b.failure.Load(); p != nil {
		return *p
	}
	return nil
}

// overdue reports whether the client has let the read deadline pass. The
// server cancels the request then, which may be seen before the read fails.
func (b *requestBody) overdue() bool {
	if b == nil || b.whole.Load() {
		return false
	}
	b.controlMu.Lock()
	defer b.controlMu.Unlock()
	return !b.deadline.IsZero() && !time.Now().Before(b.deadline)
}

// extend pushes the read deadline ahead in steps of an eighth of the limit,
// and reports whether the body may still be read.
func (b *requestBody) extend() bool {
	b.controlMu.Lock()
	defer b.controlMu.Unlock()
	if b.closed {
		return false
	}
	if b.idle <= 0 {
		return true
	}
	now := time.Now()
	if b.deadline.Sub(now) <= b.idle-b.idle/8 {
		b.deadline = now.Add(b.idle)
		// A connection that knows no deadlines goes without.
		_ = b.control.SetReadDeadline(b.deadline)
	}
	return true
}

// release takes the read deadline off. Once the body is in, the server reads
// on to learn whether the client leaves, and a deadline would look like that.
func (b *requestBody) release() {
	b.controlMu.Lock()
	defer b.controlMu.Unlock()
	if !b.closed && !b.deadline.IsZero() {
		b.deadline = time.Time{}
		_ = b.control.SetReadDeadline(time.Time{})
	}
}

// detach is called when the handler returns: from here on, reads fail.
func (b *requestBody) detach() {
	b.controlMu.Lock()
	defer b.controlMu.Unlock()
	b.closed = true
}

// end gives up what the client has not sent yet, so that the server does not
// wait for it without a limit: it reads on for until at most. It is called
// after detach, over HTTP/1 alone; the connection is not used again.
func (b *requestBody) end(until time.Time) {
	_ = b.control.SetReadDeadline(until) // wakes a Read under way, too
	_, _ = io.Copy(io.Discard, b.src)    // a failure only says that the rest did not come
	_ = b.src.Close()                    // as above
}
