package http2

import (
	"net/http"

	"golang.org/x/net/http2"
)

// send puts the head of w's answer, unless that was done, and p into the
// output, and ends the stream with it if end is set. It waits for room. It
// expects mu to be held, and gives it up meanwhile.
func (c *conn) send(w *writer, p []byte, end bool) error {
	s := w.s
	if s.failure != nil {
		return s.failure
	}
	goesOn := false
	if !w.headSent {
		if err := c.await(s, false, false); err != nil {
			return err
		}
		w.headSent = true
		c.appendBlock(s, w.status, w.fields, end && len(p) == 0)
		if end && len(p) == 0 {
			c.finished(s)
			end = false
		}
	}
	for len(p) > 0 || end {
		if err := c.await(s, len(p) > 0, goesOn); err != nil {
			return err
		}
		goesOn = true
		n := int(min(int64(len(p)), s.sendWindow, c.out.window, int64(c.out.payload)))
		n = max(n, 0)
		last := end && n == len(p)
		c.appendData(s, p[:n], last)
		p = p[n:]
		if last {
			c.finished(s)
			break
		}
		if len(c.out.frames) >= outputSize {
			c.flush()
		}
	}
	c.nextTurn()
	return nil
}

// appendData expects mu to be held, and that the windows allow it.
func (c *conn) appendData(s *stream, p []byte, end bool) {
	h := frameHead{length: len(p), kind: http2.FrameData, stream: s.id}
	if end {
		h.flags = http2.FlagDataEndStream
	}
	o := &c.out
	o.frames = append(h.append(o.room()), p...)
	o.sent++
	o.window -= int64(len(p))
	s.sendWindow -= int64(len(p))
}

// finished is called when END_STREAM is in the output.
func (c *conn) finished(s *stream) {
	s.localEnded = true
	c.out.done++
	if s.remoteEnded {
		c.close(s)
	}
}

// sendTrailers ends the stream with trailers. It expects mu to be held, and
// gives it up meanwhile.
func (c *conn) sendTrailers(w *writer) error {
	if err := c.await(w.s, false, false); err != nil {
		return err
	}
	c.appendBlock(w.s, 0, w.trailerFields(), true)
	c.finished(w.s)
	return nil
}

// sendEarly sends an informational answer (RFC 9110, section 15.2).
func (c *conn) sendEarly(s *stream, status int, fields []outField) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.await(s, false, false); err != nil {
		return err
	}
	c.appendBlock(s, status, fields, false)
	c.flush()
	return nil
}

// sendContinue lets the client send its body, unless it was answered.
func (c *conn) sendContinue(s *stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.failure != nil || s.writer.headSent || s.localEnded {
		return
	}
	c.appendBlock(s, http.StatusContinue, nil, false)
	c.flush()
}

// answerTooLarge answers a request of which nothing else is known. It expects
// mu to be held.
func (c *conn) answerTooLarge(s *stream) {
	fields := [...]outField{lengthField("0"), dateField(c.server.dates.now())}
	c.appendBlock(s, http.StatusRequestHeaderFieldsTooLarge, fields[:], true)
	c.out.controls++ // nobody waits for it
	if !c.block.ends {
		c.needless(s.id, http.StatusRequestHeaderFieldsTooLarge)
	}
}

// close takes s from the streams that are open. It expects mu to be held.
func (c *conn) close(s *stream) {
	if s.closed {
		return
	}
	s.closed = true
	delete(c.streams, s.id)
	if s.failure == nil {
		c.release(s)
	}
	c.let(s)
}

// release lets the client open another stream in place of s. It expects mu to
// be held.
func (c *conn) release(s *stream) {
	if !s.released {
		s.released = true
		c.limited--
	}
}

// let lets go of s when it is closed and its handler has returned. It expects
// mu to be held, and is called at each of the two.
func (c *conn) let(s *stream) {
	if !s.closed || !s.returned {
		return
	}
	c.release(s)
	if c.under--; c.under == 0 {
		c.becameIdle()
	}
}

// dismiss tells the client not to send the rest of a body that nobody needs:
// the answer is whole (RFC 9113, section 8.1). It expects mu to be held.
func (c *conn) dismiss(s *stream) {
	if s.closed {
		return
	}
	c.needless(s.id, s.writer.status)
	c.close(s)
}

// needless resets a stream whose answer, of that status, is whole. Behind an
// error it does so in a TLS record of its own: curl 7.88 forgets an answer that it
// reads together with the reset. An error makes it stop sending; behind any other
// answer it would go on, read nothing more, and wait for window for ever, so there
// the reset had better fail it. needless expects mu to be held.
func (c *conn) needless(id uint32, status int) {
	if status < http.StatusMultipleChoices {
		c.resetStream(id, http2.ErrCodeNo)
		return
	}
	c.late.add(id)
	if o := &c.out; o.broken == nil {
		o.apart = appendWord(o.apart, http2.FrameRSTStream, id, uint32(http2.ErrCodeNo))
		o.controls++
	}
}

// abort breaks an answer off. It expects mu to be held.
func (c *conn) abort(s *stream) {
	if s.closed || s.localEnded {
		return
	}
	if s.failure == nil {
		s.failure = ErrFinished
	}
	c.resetStream(s.id, http2.ErrCodeInternal)
	c.close(s)
}
