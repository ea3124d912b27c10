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
	errBodySlow     = errors.New("the client sends its body more slowly than the route allows")
	errBodyLonger   = errors.New("the request body is longer than was announced")
	errBodyGone     = errors.New("the request has ended")
)

// lingering is how long a connection is read from whose request was answered
// before its body was in: closing it at once would reset it, and the answer
// might be lost on its way (RFC 9112, section 9.6).
const lingering = 2 * time.Second

// requestBody is the client's body with the route's size limit, and a read
// deadline that is kept ahead of progress: a slow upload goes on, one that
// stalls, or crawls, ends. It may be read by a goroutine that outlives the
// handler; after detach it no longer touches the connection.
type requestBody struct {
	src io.ReadCloser
	max int64 // bytes; 0: no limit
	// stream: it is that of an HTTP/2 stream, where a deadline that passes ends
	// the body, whether anybody reads or not. It stands during a read alone.
	stream bool
	left   int64 // of a length that a stream has announced; 0: none has
	read   atomic.Int64
	// whole is set once the end of the body was read.
	whole atomic.Bool

	// controlMu guards control, deadline, pace and closed: a deadline must not
	// be set once the handler has returned.
	controlMu sync.Mutex
	control   *http.ResponseController
	deadline  time.Time
	pace      pace
	closed    bool

	ahead []byte // read before a backend was asked, see begin

	failure atomic.Pointer[error] // the first read that failed, but for io.EOF
}

func (b *requestBody) Read(p []byte) (int, error) {
	if !b.await() {
		return 0, errBodyGone
	}
	if len(b.ahead) > 0 {
		n := copy(p, b.ahead)
		b.ahead = b.ahead[n:]
		b.came(0) // they were counted when they came
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
	if err == nil {
		b.came(n)
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
		b.controlMu.Lock()
		err = b.late()
		b.controlMu.Unlock()
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

// overdue is why the client may be given up, if it lets the deadline of a read
// pass that is under way, or nil. The server cancels the request then, which may
// be seen before the read fails.
func (b *requestBody) overdue() error {
	if b == nil || b.whole.Load() {
		return nil
	}
	b.controlMu.Lock()
	defer b.controlMu.Unlock()
	if b.deadline.IsZero() || b.pace.since.IsZero() || time.Now().Before(b.deadline) {
		return nil
	}
	return b.late()
}

// late is the error of a read whose deadline has passed. It expects controlMu to
// be held.
func (b *requestBody) late() error {
	if b.pace.slow(time.Now()) {
		return errBodySlow
	}
	return errBodyStalled
}

// await sets the deadline of a read, and reports whether there may be one. A
// deadline that is set may stay where it comes early by an eighth of what the
// client has left at most.
func (b *requestBody) await() bool {
	b.controlMu.Lock()
	defer b.controlMu.Unlock()
	if b.closed {
		return false
	}
	if b.pace.limit <= 0 {
		return true
	}
	due := b.pace.begin(time.Now())
	if early := due.Sub(b.deadline); early < 0 || early > b.pace.left/8 {
		b.set(due)
	}
	return true
}

// came says that a read has brought n bytes, and that nobody waits any more. A
// read that has failed is under way for ever.
func (b *requestBody) came(n int) {
	b.controlMu.Lock()
	defer b.controlMu.Unlock()
	if b.pace.limit <= 0 {
		return
	}
	b.pace.end(n, time.Now)
	if b.stream && !b.closed {
		b.set(time.Time{})
	}
}

// converse is called when the answer begins. From then on the client may be
// waiting for what it is told before it says more, so no rate is asked of it.
func (b *requestBody) converse() {
	b.controlMu.Lock()
	defer b.controlMu.Unlock()
	if b.closed || b.pace.limit <= 0 || b.whole.Load() || b.failure.Load() != nil {
		return
	}
	if due, waits := b.pace.forgive(time.Now()); waits {
		b.set(due)
	}
}

// set expects controlMu to be held.
func (b *requestBody) set(deadline time.Time) {
	b.deadline = deadline
	// A connection that knows no deadlines goes without.
	_ = b.control.SetReadDeadline(deadline)
}

// release takes the read deadline off. Once the body is in, the server reads
// on to learn whether the client leaves, and a deadline would look like that.
func (b *requestBody) release() {
	b.controlMu.Lock()
	defer b.controlMu.Unlock()
	if !b.closed && !b.deadline.IsZero() {
		b.set(time.Time{})
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
