package tunnel

import "time"

// grace bounds each of the three waits of a GoAway.
const grace = time.Second

// departure is a GoAway under way.
type departure struct {
	code   int
	reason string
	ended  chan struct{}
}

// GoAway ends the tunnel with a word to both sides. It returns at once; the
// tunnel is over after three seconds at most, and OnClose hears of it. Only the
// first call counts.
//
// A websocket's client gets a Close frame with the code (1001 for a server that
// stops: RFC 6455 section 7.4.1) and the reason, of which a frame holds 123
// bytes, as soon as a frame of the backend's ends; nothing of the backend's
// follows it. What the client sends still reaches the backend until it answers
// with its own Close frame, for which it has a second. In the place of that
// frame, or after that second if the client stands between two frames, the
// backend gets a Close frame with the same code, and a second to answer. A side
// that stays inside a frame for longer is cut without a Close frame.
//
// Another protocol has no such word: the client's connection is closed one way,
// and a second later, or when the client has closed as well, both are ended.
func (c *Conn) GoAway(code int, reason string) {
	c.goAwayMu.Lock()
	defer c.goAwayMu.Unlock()
	if c.leaving.Load() != nil || c.done.fired() {
		return
	}
	c.because(CauseGoAway)
	leaving := &departure{code, reason, make(chan struct{})}
	c.leaving.Store(leaving)
	go c.goAway(leaving)
}

func (c *Conn) goAway(leaving *departure) {
	defer close(leaving.ended)
	c.tell()
	readUntil := time.Unix(1, 0) // wakes a Read, which tells the backend
	if c.await(c.told) && c.await(c.answered) {
		if c.options.WebSocket {
			_ = closeWrite(c.nc) // it ends a moment later all the same
		}
		readUntil = time.Now().Add(grace)
	}
	_ = c.nc.SetReadDeadline(readUntil) // a failure is that of a dead connection
	c.await(c.backendEnded, c.drained)
	c.end()
}

// await reports whether all signals were fired within the grace and before the
// end.
func (c *Conn) await(signals ...*signal) bool {
	late := time.NewTimer(grace)
	defer late.Stop()
	for _, s := range signals {
		select {
		case <-s.c:
		case <-c.done.c:
			return false
		case <-late.C:
			return false
		}
	}
	return true
}

// tell says farewell to the client if nothing is being written and a boundary
// is reached. A Write under way looks by itself when it is done.
func (c *Conn) tell() {
	if !c.writeMu.TryLock() {
		return
	}
	defer c.writeMu.Unlock()
	if c.silent || c.out.boundary() {
		c.farewell()
	}
}

// farewell is the last that the client gets. writeMu is held, at a boundary.
func (c *Conn) farewell() {
	if c.told.fired() {
		return
	}
	c.telling.Store(true)
	if !c.silent {
		_ = c.nc.SetWriteDeadline(time.Now().Add(grace)) // a failure shows below
		c.sayGoodbye()
	}
	c.silent = true
	if c.out.frames.closed {
		c.backendEnded.fire() // it closed before we could ask it to
	}
	c.told.fire()
}

// sayGoodbye may fail: then the client is gone, or learns it from the end of
// the connection.
func (c *Conn) sayGoodbye() {
	switch {
	case !c.options.WebSocket:
		_ = closeWrite(c.nc)
	case !c.out.frames.closed: // otherwise the backend said it
		leaving := c.leaving.Load()
		_, _ = c.nc.Write(closeFrame(leaving.code, leaving.reason, false))
	}
}
