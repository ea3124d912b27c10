package http1

import (
	"net/http"
	"net/url"
	"time"
)

// Sizes of the pooled buffers. What comes or goes in larger pieces passes by
// them.
const (
	inSize  = 4 << 10
	outSize = 4 << 10
	// keptSize bounds what a head may make a buffer grow to that is pooled.
	keptSize = 16 << 10
)

// serverBuffers are the two buffers of a connection that is not idle.
type serverBuffers struct {
	in, out []byte
}

// serverTurn is one request and its answer: all that is made anew for each, and
// used again where nobody can have kept it.
type serverTurn struct {
	c *serverConn
	*serverBuffers
	r, w int // in[r:w] was read and not used yet

	used  bool      // something was read for it
	began time.Time // when its first byte had come; zero: not known yet
	head  serverHead

	req    http.Request
	blank  http.Request // with nothing but the context
	url    url.URL
	header http.Header
	values []string // behind those of header
	ctx    serverContext
	body   *serverBody // nil: there is none
	writer serverWriter

	spoiled bool // a panic has left it as it was
}

// maxKept bounds the entries of a map or slice that is kept for reuse.
const maxKept = 64

func newServerTurn() *serverTurn {
	t := &serverTurn{header: make(http.Header, 8), values: make([]string, 0, 32)}
	t.blank = *new(http.Request).WithContext(&t.ctx)
	t.req = t.blank
	t.writer.header = make(http.Header, 8)
	t.writer.t = t
	return t
}

// take gives the connection what it needs for a request.
func (c *serverConn) take() {
	t, _ := c.s.turns.Get().(*serverTurn)
	if t == nil {
		t = newServerTurn()
	}
	b, _ := c.s.buffers.Get().(*serverBuffers)
	if b == nil {
		b = &serverBuffers{in: make([]byte, inSize), out: make([]byte, 0, outSize)}
	}
	t.c, t.ctx.c, t.serverBuffers = c, c, b
	t.head.skipped, t.head.empty = c.empty, c.empty
	c.turn = t
}

// nextTurn makes the turn ready for the connection's next request, of which
// some may have been read.
func (c *serverConn) nextTurn() {
	t := c.turn
	switch {
	case t.r == t.w:
		c.give()
	case t.reusable():
		t.clean()
	default:
		c.turn = newServerTurn()
		c.turn.c, c.turn.ctx.c = c, c
		c.turn.serverBuffers, c.turn.r, c.turn.w = t.serverBuffers, t.r, t.w
		t.serverBuffers = nil
	}
}

// give takes the turn from the connection, which is idle or ends.
func (c *serverConn) give() {
	t := c.turn
	c.turn = nil
	b := t.serverBuffers
	t.serverBuffers, t.r, t.w = nil, 0, 0
	if len(b.in) <= keptSize && cap(b.out) <= keptSize {
		b.out = b.out[:0]
		c.s.buffers.Put(b)
	}
	if !t.reusable() {
		return
	}
	if t.used {
		t.clean()
	}
	t.c = nil
	c.s.turns.Put(t)
}

// reusable reports whether nobody can have kept anything of the turn for
// longer than the handler ran.
func (t *serverTurn) reusable() bool {
	return t.body == nil && !t.ctx.asked() && !t.writer.hijacked && !t.spoiled
}

// clean forgets the request.
func (t *serverTurn) clean() {
	t.used, t.began = false, time.Time{}
	t.head.reset()
	t.req = t.blank
	t.url = url.URL{}
	t.header = emptied(t.header)
	clear(t.values)
	if t.values = t.values[:0]; cap(t.values) > maxKept {
		t.values = make([]string, 0, 32)
	}
	t.ctx.reset()
	t.writer.reset()
}

// emptied returns a map without entries: h itself, unless it is large.
func emptied(h http.Header) http.Header {
	if len(h) > maxKept {
		return make(http.Header, 8)
	}
	clear(h)
	return h
}

// buffered is what was read beyond what is used.
func (t *serverTurn) buffered() []byte { return t.in[t.r:t.w] }

// room returns where to read on. It moves what is there to the front, or grows
// the buffer, if there is none.
func (t *serverTurn) room() []byte {
	if t.r == t.w {
		t.r, t.w = 0, 0
	}
	if t.w < len(t.in) {
		return t.in[t.w:]
	}
	if t.r > 0 {
		t.w = copy(t.in, t.buffered())
		t.r = 0
		return t.in[t.w:]
	}
	t.in = append(t.in, make([]byte, len(t.in))...)
	return t.in[t.w:]
}
