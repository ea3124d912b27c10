package http2

import (
	"errors"
	"net/http"

	"golang.org/x/net/http2"
)

// onData follows RFC 9113, section 6.1. It reads the payload, whatever becomes
// of it: the frames behind it count.
func (c *conn) onData(h frameHead) error {
	if h.stream == 0 {
		return protocolError("DATA without a stream")
	}
	if c.idle(h.stream) {
		return protocolError("DATA for a stream that was never opened")
	}
	n, padding, err := c.padding(h)
	if err != nil {
		return err
	}
	s, fault := c.admit(h, n)
	if fatal := (*connError)(nil); errors.As(fault, &fatal) {
		return fault
	}
	if s == nil {
		if err := c.in.discard(n + padding); err != nil {
			return err
		}
		if fault == nil {
			fault = c.countEmpty(h.kind)
		}
		return fault
	}
	if err := c.receive(s, n); err != nil {
		return err
	}
	if err := c.in.discard(padding); err != nil {
		return err
	}
	if h.has(http2.FlagDataEndStream) {
		c.endBody(s, nil)
	} else if n == 0 {
		return c.countEmpty(h.kind)
	}
	c.flood.useful++
	return nil
}

// padding returns the length of the data and of what stands behind it.
func (c *conn) padding(h frameHead) (n, padding int, err error) {
	if !h.has(http2.FlagDataPadded) {
		return h.length, 0, nil
	}
	if h.length == 0 {
		return 0, 0, sizeError("padded DATA of no size")
	}
	b, err := c.in.peek(1)
	if err != nil {
		return 0, 0, err
	}
	padding = int(b[0])
	c.in.skip(1)
	if n = h.length - 1 - padding; n < 0 {
		return 0, 0, protocolError("more padding than payload")
	}
	return n, padding, nil
}

// admit takes the frame's length from the windows and returns the stream whose
// body its n bytes belong to; nil: they are to be dropped. Beside that, it
// returns the client's fault.
func (c *conn) admit(h frameHead, n int) (*stream, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	size := int64(h.length)
	if c.recvWindow -= size; c.recvWindow < 0 {
		return nil, &connError{http2.ErrCodeFlowControl, "more DATA than the connection's window"}
	}
	s := c.streams[h.stream]
	fault := c.judge(s, h, n)
	if s == nil || fault != nil {
		c.giveBack(h.length)
		c.owes = true
		return nil, fault
	}
	s.recvWindow -= size
	c.giveBack(h.length - n)
	s.consumed += size - int64(n)
	return s, nil
}

// judge expects mu to be held. s is nil for a stream that is closed.
func (c *conn) judge(s *stream, h frameHead, n int) error {
	fault := func(code http2.ErrCode, reason string) error {
		return &streamError{h.stream, code, reason}
	}
	switch {
	case s == nil && c.late.has(h.stream):
		return nil // it was on its way
	case s == nil || s.remoteEnded:
		return fault(http2.ErrCodeStreamClosed, "DATA behind the end of the stream")
	case s.recvWindow < int64(h.length):
		return fault(http2.ErrCodeFlowControl, "more DATA than the window")
	}
	declared, got := s.body.declared, s.body.got+int64(n)
	if declared >= 0 && (got > declared || h.has(http2.FlagDataEndStream) && got < declared) {
		return fault(http2.ErrCodeProtocol, "DATA that differs from the Content-Length")
	}
	return nil
}

// receive reads n bytes into the body of s.
func (c *conn) receive(s *stream, n int) error {
	for n > 0 {
		space := s.body.space()
		m, err := c.in.read(space[:min(n, len(space))])
		if lost := s.body.filled(m); lost > 0 {
			c.consumed(s, lost)
		}
		n -= m
		if err != nil && m == 0 {
			return err
		}
	}
	return nil
}

// endBody is called when END_STREAM has come, with the trailers if there are any.
func (c *conn) endBody(s *stream, trailer http.Header) {
	c.mu.Lock()
	s.remoteEnded = true // first: the handler may be quick to end the stream, too
	if s.localEnded {
		c.close(s)
	}
	c.mu.Unlock()
	s.body.endWith(trailer)
}
