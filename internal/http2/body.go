package http2

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// How much the client may send ahead of what the handlers read. All that is
// not read is kept in memory, so this is what one connection can make the
// server hold of bodies, too. Handlers that do not read slow a client's other
// bodies down, once they hold all of the connection's window.
const (
	connWindow = 1 << 20 // bytes, for the bodies of a connection together
	// StreamWindow is how many bytes of one body a client may send ahead.
	StreamWindow = 256 << 10
)

// Sizes of the pieces that a body is kept in.
const (
	smallChunk = 4 << 10
	largeChunk = 16 << 10
)

var (
	smallChunks = sync.Pool{New: func() any { return new([smallChunk]byte) }}
	largeChunks = sync.Pool{New: func() any { return new([largeChunk]byte) }}
)

func newChunk(size int64) []byte {
	if size >= 0 && size <= smallChunk {
		return smallChunks.Get().(*[smallChunk]byte)[:] //nolint:errcheck // the pool holds nothing else
	}
	return largeChunks.Get().(*[largeChunk]byte)[:] //nolint:errcheck // as above
}

func freeChunk(b []byte) {
	if len(b) == smallChunk {
		smallChunks.Put((*[smallChunk]byte)(b))
		return
	}
	largeChunks.Put((*[largeChunk]byte)(b))
}

// body is a request's body. The connection's reader puts in what comes, the
// handler takes it out. Read and Close may be called by any goroutine.
type body struct {
	s        *stream
	declared int64 // Content-Length; -1: none
	got      int64 // bytes that came; the reader's

	// bodyMu guards what follows. conn.mu is never taken under it.
	bodyMu   sync.Mutex
	chunks   [][]byte
	from, to int   // what is left of the first chunk, what is filled of the last
	size     int   // bytes that can be read
	filling  bool  // the reader writes into the last chunk
	err      error // what comes after those bytes; io.EOF at the end
	closed   bool  // nothing is read any more
	expects  bool  // the client waits for a 100
	deadline time.Time
	trailer  http.Header // to be put into the request's at the end
	promised []string    // the trailers that the request has announced; the reader's
	wake     chan struct{}
}

func newBody(s *stream, length int64) *body {
	return &body{s: s, declared: length, wake: make(chan struct{}, 1)}
}

// space returns where the next bytes of the body go.
func (b *body) space() []byte {
	b.bodyMu.Lock()
	defer b.bodyMu.Unlock()
	b.filling = true
	if n := len(b.chunks); n > 0 && b.to < len(b.chunks[n-1]) {
		return b.chunks[n-1][b.to:]
	}
	left := int64(-1)
	if b.declared >= 0 {
		left = b.declared - b.got
	}
	chunk := newChunk(left)
	b.chunks, b.to = append(b.chunks, chunk), 0
	return chunk
}

// filled says that n bytes were put where space had said, and returns how many
// of them nobody will read.
func (b *body) filled(n int) (lost int) {
	b.bodyMu.Lock()
	defer b.bodyMu.Unlock()
	b.filling = false
	b.got += int64(n)
	if b.closed {
		b.drop()
		return n
	}
	b.to += n
	b.size += n
	b.signal()
	return 0
}

// end says that nothing comes any more. The first err stands.
func (b *body) end(err error) {
	b.bodyMu.Lock()
	defer b.bodyMu.Unlock()
	if b.err == nil {
		b.err = err
	}
	b.signal()
}

// endWith is the end of the whole body, with the trailers if there are any.
func (b *body) endWith(trailer http.Header) {
	b.bodyMu.Lock()
	b.trailer = trailer
	b.bodyMu.Unlock()
	b.end(io.EOF)
}

func (b *body) signal() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Read implements [io.Reader]. A read deadline that passes while it waits makes
// it fail with [os.ErrDeadlineExceeded].
func (b *body) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if b.mustContinue() {
		b.s.c.sendContinue(b.s)
	}
	n, err := b.take(p)
	if n > 0 {
		b.s.c.consumed(b.s, n)
	}
	return n, err
}

func (b *body) mustContinue() bool {
	b.bodyMu.Lock()
	defer b.bodyMu.Unlock()
	expects := b.expects && b.size == 0 && b.err == nil
	b.expects = false
	return expects
}

func (b *body) take(p []byte) (int, error) {
	b.bodyMu.Lock()
	defer b.bodyMu.Unlock()
	for b.size == 0 || b.closed {
		switch {
		case b.closed:
			return 0, errBodyGone
		case b.err != nil:
			return 0, b.finalError()
		}
		if err := b.wait(); err != nil {
			return 0, err
		}
	}
	n := b.copyOut(p)
	if b.size > 0 {
		b.signal() // another Read may wait
	}
	return n, nil
}

// finalError gives the trailers out with the end.
func (b *body) finalError() error {
	b.signal()
	if errors.Is(b.err, io.EOF) && b.trailer != nil {
		for name, values := range b.trailer {
			b.s.req.Trailer[name] = values
		}
		b.trailer = nil
	}
	return b.err
}

// wait expects bodyMu to be held.
func (b *body) wait() error {
	var timer *time.Timer
	if !b.deadline.IsZero() {
		left := time.Until(b.deadline)
		if left <= 0 {
			b.signal()
			return os.ErrDeadlineExceeded
		}
		timer = time.AfterFunc(left, b.signal)
	}
	b.bodyMu.Unlock()
	<-b.wake
	if timer != nil {
		timer.Stop()
	}
	b.bodyMu.Lock()
	return nil
}

// copyOut expects that there is something.
func (b *body) copyOut(p []byte) int {
	n := 0
	for n < len(p) && b.size > 0 {
		chunk := b.chunks[0]
		last := len(b.chunks) == 1
		end := len(chunk)
		if last {
			end = b.to
		}
		m := copy(p[n:], chunk[b.from:end])
		n += m
		b.from += m
		b.size -= m
		if b.from < end {
			break
		}
		switch {
		case !last || b.to == len(chunk):
			freeChunk(chunk)
			b.chunks[0] = nil
			b.chunks, b.from = b.chunks[1:], 0
		case !b.filling:
			b.from, b.to = 0, 0
		}
	}
	return n
}

// Close implements [io.Closer]. What comes after it is thrown away.
func (b *body) Close() error {
	b.abandon()
	return nil
}

// abandon ends all reading.
func (b *body) abandon() {
	b.bodyMu.Lock()
	lost := b.size
	b.closed, b.size = true, 0
	if !b.filling {
		b.drop()
	}
	b.signal()
	b.bodyMu.Unlock()
	if lost > 0 {
		b.s.c.consumed(b.s, lost)
	}
}

// drop gives the chunks back. It expects bodyMu to be held.
func (b *body) drop() {
	for _, chunk := range b.chunks {
		freeChunk(chunk)
	}
	b.chunks, b.from, b.to = nil, 0, 0
}

// setDeadline is for reads, the one that waits included.
func (b *body) setDeadline(t time.Time) {
	b.bodyMu.Lock()
	defer b.bodyMu.Unlock()
	b.deadline = t
	b.signal()
}
