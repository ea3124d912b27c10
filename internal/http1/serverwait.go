package http1

import "time"

// verdict is what waiting for a request has come to.
type verdict int

const (
	headMore  verdict = iota // there is more to come
	headWhole                // it can be handled
	headBad                  // it has to be refused
	headNone                 // there will be none
	headDone                 // it was handled, and the connection ends
)

// unsureTime bounds the time in which the end of a stream stays unseen, see step.
const unsureTime = 5 * time.Second

// next waits for a request, and returns what has become of its head. Requests
// that need nothing but what is there are answered meanwhile.
func (c *serverConn) next() verdict {
	c.verdict = headMore
	if c.turn != nil { // of what the client sent ahead
		c.scan()
	}
	for c.verdict == headMore {
		err := c.read()
		switch {
		case err == nil:
		case !isTimeout(err):
			c.cannotRead(err)
		case !c.limits.over():
		case c.unsure && c.turn == nil:
			c.unsure = false
			c.limits.read(c.idleEnd, 0)
		default:
			c.cannotRead(err)
		}
	}
	return c.verdict
}

// read reads until there is a verdict, or reading fails.
func (c *serverConn) read() error {
	if c.socket == nil {
		return c.readBlocking()
	}
	if err := c.socket.raw.Read(c.stepFn); err != nil {
		return err
	}
	return c.failed
}

// step is called by [syscall.RawConn.Read] at its beginning, and then whenever
// there may be something to read, until it returns true. It reads what there
// is, and returns false to wait for more.
//
// Whoever has read less than there was room for knows that the socket is
// empty, and need not read again to be told so: the poller reports what comes
// after that, also if it comes before the wait. So a request that is there
// whole is answered here, and after a short read nothing more is read. That is
// why the wait goes on while the handler runs, and why nothing here may close
// the connection, or read of it in another way.
//
// What a short read does not tell is whether the client's FIN stands behind
// the data, if both had come before it. So the first time something comes on a
// connection, and within a head, the socket is read to its end: a script that
// sends all it has and half closes is not left waiting. Later on, a FIN that
// was missed is found unsureTime after the answer.
func (c *serverConn) step(fd uintptr) bool {
	c.socket.enter(fd)
	defer c.socket.leave()
	for {
		switch c.verdict {
		case headMore:
			if !c.advance() {
				c.stay()
				return false
			}
		case headWhole:
			if !c.canAnswerHere() {
				return true
			}
			c.answerHere()
		default:
			return true
		}
		if c.failed != nil {
			return true
		}
	}
}

// advance reads once, without waiting, and reports whether that told anything.
func (c *serverConn) advance() bool {
	if c.turn == nil {
		c.take()
	}
	c.socket.trusting = c.wakes > 1 && c.turn.r == c.turn.w
	n, err := c.rd.Read(c.turn.room())
	switch {
	case n > 0:
		c.got(n)
	case err == errWouldBlock: //nolint:errorlint // it is ours, and never wrapped
		return false
	case err != nil:
		c.failed = err
	}
	return true
}

// canAnswerHere reports whether the handler will not want to read of the
// connection, nor to have it.
func (c *serverConn) canAnswerHere() bool {
	h := &c.turn.head
	return !h.upgrade && !h.chunked && h.length <= int64(len(c.turn.buffered())) && c.turn.req.Method != "CONNECT"
}

// answerHere answers, and goes on with the next request.
func (c *serverConn) answerHere() {
	c.answer()
	if c.fate != goesOn {
		c.verdict = headDone
		return
	}
	c.verdict = headMore
	if c.turn != nil {
		c.scan()
	}
}

// stay prepares for waiting: for a first byte without buffers, for others with
// a limit.
func (c *serverConn) stay() {
	c.wakes++
	if c.turn.r == c.turn.w {
		c.empty = c.turn.head.empty
		c.give()
		// It is active where an empty line has come.
		c.state.CompareAndSwap(connActive, connIdle)
		return
	}
	c.limitHead()
}

// limitHead gives the head that has begun its time.
func (c *serverConn) limitHead() {
	if c.s.o.Header <= 0 {
		c.limits.read(noDeadline, 0)
		return
	}
	from := c.turn.began
	if c.served == 0 {
		from = c.began
	}
	c.limits.read(from.Add(c.s.o.Header), anytime)
}

// got takes in n bytes that were read.
func (c *serverConn) got(n int) {
	c.turn.w += n
	c.scan()
}

// scan looks at what is there of a head.
func (c *serverConn) scan() {
	if c.state.Load() == connIdle && !c.state.CompareAndSwap(connIdle, connActive) {
		c.verdict = headNone // closed at the same moment
		return
	}
	t := c.turn
	t.used = true
	if c.verdict = t.scan(); c.verdict != headWhole && t.began.IsZero() {
		t.began = time.Now()
	}
}

// readBlocking is read for a connection whose readiness cannot be seen.
func (c *serverConn) readBlocking() error {
	if c.turn == nil {
		n, err := c.rd.Read(c.first)
		if n > 0 {
			c.take()
			copy(c.turn.in, c.first[:n])
			c.got(n)
			return nil
		}
		return err
	}
	c.limitHead()
	n, err := c.rd.Read(c.turn.room())
	if n > 0 {
		c.got(n)
		return nil
	}
	return err
}

// cannotRead makes a failure to read a verdict. What has begun is refused,
// unless nobody is left to hear of it.
func (c *serverConn) cannotRead(err error) {
	c.verdict = headNone
	if c.turn == nil || c.turn.r == c.turn.w {
		return
	}
	switch {
	case isTimeout(err):
		c.verdict, c.turn.head.fault = headBad, errSlowHead
	case ended(err):
		c.verdict, c.turn.head.fault = headBad, errCutHead
	}
}

// idle begins the wait for the next request, and reports whether there may be
// one.
func (c *serverConn) idle(now time.Time) bool {
	c.nextTurn()
	c.empty = false
	patience := c.s.o.Idle
	c.idleEnd = noDeadline
	if patience > 0 {
		c.idleEnd = now.Add(patience)
	}
	end := c.idleEnd
	if c.unsure = c.wakes > 1 && c.socket.inside; c.unsure && (patience <= 0 || patience > c.s.unsure) {
		patience = c.s.unsure
		end = now.Add(patience)
	}
	c.limits.read(end, patience/8)
	if c.turn == nil && !c.state.CompareAndSwap(connActive, connIdle) {
		return false
	}
	return !c.s.closing.Load()
}
