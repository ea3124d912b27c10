package http1

import (
	"errors"
	"net"
	"net/http"
	"runtime/debug"
	"time"
)

// answer has the request handled, and says what becomes of the connection.
func (c *serverConn) answer() {
	t := c.turn
	if t.body != nil {
		c.limits.read(noDeadline, 0)
	}
	if !c.handle() {
		return
	}
	t.ctx.finish()
	if t.writer.hijacked {
		c.fate = isTaken
		return
	}
	now := time.Now()
	t.writer.finish(now)
	stays := !t.writer.close && t.writer.failed == nil
	if t.body != nil {
		t.body.shut()
		stays = stays && t.body.drain()
	}
	c.served++
	c.limits.turnEnds()
	if !stays {
		c.fate = hangsUp
	} else if !c.idle(now) {
		c.fate = isClosed
	}
}

// handle calls the handler. After a panic, or the end of its goroutine, the
// connection is cut.
func (c *serverConn) handle() (returned bool) {
	defer func() {
		if returned {
			return
		}
		v := recover()
		defer c.abort()
		c.turn.spoiled = true
		if err, ok := v.(error); v == nil || ok && errors.Is(err, http.ErrAbortHandler) {
			return
		}
		if c.s.o.Panicked != nil {
			c.s.o.Panicked(v, debug.Stack())
		}
	}()
	c.s.o.Handler.ServeHTTP(&c.turn.writer, &c.turn.req)
	return true
}

// finish sends what is left of the answer.
func (w *serverWriter) finish(now time.Time) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	w.decide(true)
	switch w.form {
	case formChunked:
		w.closeChunk()
		w.t.out = append(w.t.out, "0\r\n"...)
		w.t.out = append(w.appendTrailers(w.t.out), "\r\n"...)
	case formSized:
		w.close = w.close || w.written < w.length // who counts must see that it is short
	}
	w.lastFlush(now)
}

// lastFlush is the server's own.
func (w *serverWriter) lastFlush(now time.Time) {
	t := w.t
	if len(t.out) > 0 && w.failed == nil {
		t.c.limits.ownWrite(now, t.c.s.o.Write)
		_, w.failed = t.c.nc.Write(t.out)
	}
	t.out = t.out[:0]
}

// abort cuts the connection so that the client sees that its answer is not
// whole. What there is of it is sent, if it cannot be mistaken.
func (c *serverConn) abort() {
	t := c.turn
	t.ctx.finish()
	if t.body != nil {
		t.body.shut()
	}
	w := &t.writer
	switch {
	case w.hijacked:
		c.fate = isTaken
		return
	case w.status == 0 || w.form == formOpen:
	case w.form == formToEnd:
		c.fate = isReset
		return
	default:
		w.closeChunk()
		w.lastFlush(time.Now())
	}
	c.fate = hangsUp
}

// reset closes the connection so that the client sees an error.
func (c *serverConn) reset() {
	bottom := c.bottom()
	if l, ok := bottom.(interface{ SetLinger(sec int) error }); ok {
		_ = l.SetLinger(0) // fails where it is closed
	}
	_ = bottom.Close() // nothing is left to be said
}

// bottom is the connection below TLS and our own socket.
func (c *serverConn) bottom() net.Conn {
	bottom := c.nc
	for {
		n, ok := bottom.(interface{ NetConn() net.Conn })
		if !ok {
			return bottom
		}
		bottom = n.NetConn()
	}
}

// How much is read of a connection that is being closed, and for how long.
const (
	lingerSize = 256 << 10
	lingerTime = 500 * time.Millisecond
)

// hangUp closes the connection. Closing it while the client sends would reset
// it, and an answer might be lost on its way (RFC 9112, section 9.6): then only
// the sending side is shut at first, and what comes is thrown away for a while.
func (c *serverConn) hangUp() {
	if c.turn != nil && c.state.Load() == connActive && c.sending() {
		c.linger()
	}
	_ = c.nc.Close() // nothing is left to be said
}

// sending reports whether the client may be sending more than was read.
func (c *serverConn) sending() bool {
	t := c.turn
	return t.r < t.w || t.head.fault != nil || t.body != nil && !t.body.whole() || unread(c.raw)
}

func (c *serverConn) linger() {
	c.limits.ownWrite(time.Now(), c.s.o.Write)
	bottom := c.bottom()
	for _, nc := range []net.Conn{c.nc, bottom} {
		if w, ok := nc.(interface{ CloseWrite() error }); ok {
			_ = w.CloseWrite() // fails where it is closed
		}
	}
	c.limits.read(time.Now().Add(lingerTime), 0)
	for n := 0; n < lingerSize; {
		m, err := bottom.Read(c.turn.in)
		if n += m; err != nil {
			return
		}
	}
}
