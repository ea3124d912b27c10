package http2

import (
	"encoding/binary"

	"golang.org/x/net/http2"
)

const maxWindow = 1<<31 - 1 // RFC 9113, section 6.9.1

func (c *conn) onWindowUpdate(h frameHead, payload []byte) error {
	if h.length != 4 {
		return sizeError("WINDOW_UPDATE of a wrong size")
	}
	if err := c.countEmpty(h.kind); err != nil {
		return err
	}
	n := int64(binary.BigEndian.Uint32(payload) &^ (1 << 31))
	if h.stream == 0 {
		return c.widen(n)
	}
	if c.idle(h.stream) {
		return protocolError("WINDOW_UPDATE for a stream that was never opened")
	}
	if n == 0 {
		return &streamError{h.stream, http2.ErrCodeProtocol, "WINDOW_UPDATE by nothing"}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.streams[h.stream]
	if s == nil {
		return nil
	}
	if s.sendWindow+n > maxWindow {
		return &streamError{h.stream, http2.ErrCodeFlowControl, "a window over the limit"}
	}
	s.sendWindow += n
	s.resume()
	return nil
}

// widen is for the window of the connection.
func (c *conn) widen(n int64) error {
	if n == 0 {
		return protocolError("WINDOW_UPDATE by nothing")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out.window+n > maxWindow {
		return &connError{http2.ErrCodeFlowControl, "a window over the limit"}
	}
	c.out.window += n
	c.nextTurn()
	return nil
}

// resize changes the window of all streams (RFC 9113, section 6.9.2). It
// expects mu to be held.
func (c *conn) resize(initial int64) error {
	by := initial - c.out.initial
	c.out.initial = initial
	for _, s := range c.streams {
		if s.sendWindow += by; s.sendWindow > maxWindow {
			return &connError{http2.ErrCodeFlowControl, "a window over the limit"}
		}
		s.resume()
	}
	return nil
}

// consumed gives the client back room for n bytes of a body that was read, or
// dropped. It tells it in large steps.
func (c *conn) consumed(s *stream, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.giveBack(n)
	if s.consumed += int64(n); s.consumed >= StreamWindow/2 && !s.remoteEnded && !s.closed {
		by := s.consumed
		s.recvWindow += by
		s.consumed = 0
		c.update(s.id, by)
	}
	c.flushUpdates()
}

// giveBack is for the connection's window. It expects mu to be held.
func (c *conn) giveBack(n int) {
	if c.consume += int64(n); c.consume >= connWindow/2 {
		c.recvWindow += c.consume
		c.update(0, c.consume)
		c.consume = 0
	}
}

// update is not counted among the control frames: it takes bodies to cause it.
func (c *conn) update(stream uint32, by int64) {
	if c.out.broken == nil {
		c.out.frames = appendWord(c.out.room(), http2.FrameWindowUpdate, stream, uint32(by)) //nolint:gosec // a window
		c.out.updated = true
	}
}

// flushUpdates has WINDOW_UPDATEs written that the client may wait for.
func (c *conn) flushUpdates() {
	if c.out.updated {
		c.out.updated = false
		c.flush()
	}
}
