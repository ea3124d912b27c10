package http1

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// errBody is the root of every error about a request body that is malformed.
var errBody = errors.New("malformed request body")

// serverBody is a request's body. It may be read by another goroutine than the
// handler's, also while the answer is being written; when the handler has
// returned, shut ends that.
type serverBody struct {
	c     *serverConn
	ctx   *serverContext
	ask   *serverAsk    // for a client that waits for a 100; or nil
	req   *http.Request // whose Trailer is filled in
	over  atomic.Bool   // shut or Close was called
	taken atomic.Int64  // bytes that were read
	atEnd atomic.Bool

	// mu is held while the connection is being read, and guards the rest.
	mu      sync.Mutex
	t       *serverTurn   // whose buffer it is
	left    int64         // of the body, or of the chunk
	chunks  *serverChunks // nil: Content-Length
	err     error         // what reading has ended with
	started bool          // Read was called
}

func newServerBody(t *serverTurn) *serverBody {
	b := &serverBody{c: t.c, ctx: &t.ctx, t: t, req: &t.req, left: t.head.length}
	if t.head.chunked {
		b.chunks = &serverChunks{b: b}
	}
	if t.head.ask100 && t.head.minor > 0 {
		b.ask = &t.writer.ask
		b.ask.expect()
	}
	return b
}

// Read implements [io.Reader]. Its errors are io.EOF, [http.ErrBodyReadAfterClose],
// io.ErrUnexpectedEOF where the client has left, and what says that the
// deadline has passed ([os.ErrDeadlineExceeded]), after which it may be called
// again; else the body is malformed.
func (b *serverBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.over.Load():
		return 0, http.ErrBodyReadAfterClose
	case b.err != nil:
		return 0, b.err
	case len(p) == 0:
		return 0, nil
	}
	if b.ask != nil && !b.started {
		b.ask.proceed(b.c)
	}
	b.started = true
	n, err := b.read(p)
	if err != nil && b.over.Load() {
		return n, http.ErrBodyReadAfterClose
	}
	return n, err
}

// read expects mu to be held.
func (b *serverBody) read(p []byte) (n int, err error) {
	if b.chunks != nil {
		n, err = b.chunks.read(p)
	} else {
		n, err = b.readSized(p)
	}
	b.taken.Add(int64(n))
	if err != nil && !isTimeout(err) {
		b.err = err
		b.atEnd.Store(ended(err))
	}
	return n, err
}

func (b *serverBody) readSized(p []byte) (int, error) {
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.raw(p)
	if b.left -= int64(n); b.left == 0 {
		return n, io.EOF
	}
	return n, err
}

// raw reads bytes of the connection: first those that are there already. It
// expects mu to be held.
func (b *serverBody) raw(p []byte) (int, error) {
	t := b.t
	if t.r == t.w {
		if len(p) >= inSize {
			return b.fromConn(p)
		}
		n, err := b.fromConn(t.room())
		if t.w += n; n == 0 {
			return 0, err
		}
	}
	n := copy(p, t.buffered())
	t.r += n
	return n, nil
}

// more reads more of the connection into the buffer. It expects mu to be held.
func (b *serverBody) more() error {
	n, err := b.fromConn(b.t.room())
	if b.t.w += n; n > 0 {
		return nil
	}
	return err
}

// fromConn reads once. That the client has left ends the request's context.
func (b *serverBody) fromConn(p []byte) (int, error) {
	for {
		n, err := b.c.rd.Read(p)
		switch {
		case n > 0:
			return n, nil
		case err == nil:
		case isTimeout(err):
			if b.c.limits.over() {
				return 0, err
			}
		default:
			b.ctx.end(errClientGone)
			return 0, short(err)
		}
	}
}

// Close implements [io.Closer]: what is left is nobody's concern any more. It
// does not wait for a Read that is under way.
func (b *serverBody) Close() error {
	b.over.Store(true)
	return nil
}

// shut ends the reading. When it returns, nobody touches the connection or the
// turn any more.
func (b *serverBody) shut() {
	b.over.Store(true)
	if !b.mu.TryLock() {
		b.c.limits.wake()
		b.mu.Lock()
		b.c.limits.rest()
	}
	b.mu.Unlock()
}

// whole reports whether the body was read to its end. It expects the reading to
// be over.
func (b *serverBody) whole() bool { return ended(b.err) }

// A rest of a body that nobody has read is read by the server, so that the
// connection can stay, if it is short and comes soon.
const (
	drainSize = 256 << 10
	drainTime = 500 * time.Millisecond
)

// hopeless reports that the connection cannot stay after the answer, because
// too much of the body is unread, or because it will not be sent.
func (b *serverBody) hopeless() bool {
	switch {
	case b.atEnd.Load():
		return false
	case b.ask != nil && !b.ask.proceeded():
		return true
	}
	return b.chunks == nil && b.req.ContentLength-b.taken.Load() > drainSize
}

// drain reads what is left, and reports whether that is all. It expects the
// reading to be over.
func (b *serverBody) drain() bool {
	if b.err != nil || b.hopeless() {
		return b.whole()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.c.limits.read(time.Now().Add(drainTime), anytime)
	scratch := b.t.out[:cap(b.t.out)]
	for n := 0; n <= drainSize; {
		m, err := b.read(scratch)
		if n += m; err != nil {
			break
		}
	}
	return b.whole()
}
