package http2

import (
	"net/http"
	"net/url"
	"time"
)

// stream is one request with its answer, and all that is used again for
// another one.
//
// A stream that was reset counts against [ServerOptions].MaxStreams until its
// handler has returned, or a client could start any number of handlers by
// resetting what it asked for.
type stream struct {
	c  *conn
	id uint32

	// What follows is guarded by conn.mu.

	remoteEnded bool  // END_STREAM has come
	localEnded  bool  // END_STREAM is in the output
	closed      bool  // it is no longer among conn.streams
	returned    bool  // the handler has returned
	released    bool  // it is not counted in conn.limited any more
	kept        bool  // somebody holds it without the lock: it must not be used again
	failure     error // why nothing can be written any more

	sendWindow int64 // may be negative (RFC 9113, section 6.9.2)
	recvWindow int64 // what the client may still send
	consumed   int64 // bytes of the body that the client was not told of

	writeDeadline time.Time
	queued        bool // waits for its turn to write, in output.queue
	wantsWindow   bool // and for the connection's window
	waiting       bool // waits for its window
	returning     bool // the handler has returned, and its answer is being finished

	// The handler's side.

	ctx    requestContext
	req    http.Request
	blank  http.Request // with nothing but the context
	url    url.URL
	header http.Header
	values []string // what the slices in header are pieces of
	body   *body    // nil: there is none
	writer writer

	wake  chan struct{} // of capacity 1; a waker may be late
	alarm *time.Timer   // wakes
}

// newStream returns a stream for the request whose fields come next.
func (c *conn) newStream(id uint32) *stream {
	s, _ := c.server.streams.Get().(*stream)
	if s == nil {
		s = &stream{header: make(http.Header), wake: make(chan struct{}, 1)}
		s.blank = *(&http.Request{}).WithContext(&s.ctx)
		s.writer.s, s.writer.header = s, make(http.Header)
	}
	s.c, s.id = c, id
	s.ctx.base, s.ctx.local = c.server.o.Base, c.local
	s.req = s.blank
	return s
}

// recycle gives s back. It expects that nobody can hold anything of it.
func (s *stream) recycle() {
	pool := &s.c.server.streams
	s.c, s.id = nil, 0
	s.remoteEnded, s.localEnded, s.closed, s.returned, s.released = false, false, false, false, false
	s.sendWindow, s.recvWindow, s.consumed = 0, 0, 0
	s.writeDeadline = time.Time{}
	s.queued, s.waiting, s.returning = false, false, false
	s.body = nil
	s.url = url.URL{}
	if len(s.header) > maxKeptFields || len(s.writer.header) > maxKeptFields || cap(s.values) > maxKeptFields || cap(s.writer.fields) > maxKeptFields {
		return
	}
	clear(s.header)
	clear(s.values)
	s.values = s.values[:0]
	s.writer.reset()
	pool.Put(s)
}

// maxKeptFields is how many fields a stream may have had that is used again.
const maxKeptFields = 64

// signal wakes the handler's goroutine, if it waits. It may be called at any
// time, even when s has become another stream: who waits looks again.
func (s *stream) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run answers the request.
func (s *stream) run() {
	c := s.c
	panicked := s.call()
	mustWrite, again := s.finish(panicked)
	if again {
		s.recycle()
	} else {
		s.ctx.end(ErrFinished)
		if s.body != nil {
			s.body.abandon()
		}
	}
	if mustWrite {
		c.write()
	}
}

// call runs the handler and reports whether it panicked.
func (s *stream) call() (panicked bool) {
	defer func() {
		if v := recover(); v != nil {
			panicked = true
			s.c.server.panicked(v)
		}
	}()
	s.c.server.o.Handler.ServeHTTP(&s.writer, &s.req)
	return false
}

// finish sends what is left of the answer and lets go of the stream. It reports
// whether the caller has to write the output, and may use s again.
func (s *stream) finish(panicked bool) (mustWrite, again bool) {
	c := s.c
	if s.writer.status == 0 {
		s.writer.WriteHeader(http.StatusOK)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s.returning = true
	if panicked || s.writer.end() != nil {
		c.abort(s)
	}
	if s.localEnded {
		c.dismiss(s)
	}
	s.returned = true
	c.let(s)
	again = !s.kept && s.failure == nil && s.body == nil && !s.ctx.asked.Load()
	return c.claim(), again
}
