package tunnel

import (
	"errors"
	"fmt"
	"io"
	"net"
)

var errGoneAway = fmt.Errorf("tunnel has gone away: %w", net.ErrClosed)

// Read returns what goes to the backend: the buffered bytes, then what the
// client sends. After GoAway the last of it is a Close frame of our own, where
// the client's would have been, and then an error.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if c.parting {
		return c.part(p)
	}
	n, err := c.receive(p)
	if n > 0 {
		c.bytesIn.Add(int64(n))
		c.touch()
		n = c.pass(p[:n])
	}
	if err != nil && !c.parting {
		err = c.clientEnded(err)
	}
	switch {
	case !c.parting:
		return n, err
	case n > 0:
		return n, nil
	}
	return c.part(p)
}

func (c *Conn) receive(p []byte) (int, error) {
	if len(c.buffered) == 0 {
		return c.nc.Read(p)
	}
	n := copy(p, c.buffered)
	if c.buffered = c.buffered[n:]; len(c.buffered) == 0 {
		c.buffered = nil // lets go of the memory
	}
	return n, nil
}

// pass follows the client's frames through p and returns how much of p goes to
// the backend: all of it, unless the client answers our Close frame in it.
func (c *Conn) pass(p []byte) int {
	if !c.options.WebSocket {
		return len(p)
	}
	telling := c.telling.Load() // read after the bytes that may answer
	for n := 0; n < len(p); {
		if telling && c.in.boundary() && !c.in.closed && closes(p[n]) {
			c.startParting()
			return n
		}
		n += c.in.next(p[n:])
	}
	if c.in.closed {
		c.closeSeen.Store(true)
		c.answered.fire()
	}
	return len(p)
}

// startParting makes a Close frame the last that the backend hears from us,
// unless it had one from the client. The client's side is at a boundary.
func (c *Conn) startParting() {
	c.parting = true
	if leaving := c.leaving.Load(); !c.in.closed {
		c.last = closeFrame(leaving.code, leaving.reason, true)
	}
	c.answered.fire()
}

// clientEnded judges an error of reading from the client. A tunnel that goes
// away may still have to tell the backend.
func (c *Conn) clientEnded(err error) error {
	if c.options.WebSocket && c.leaving.Load() != nil && c.in.boundary() && !c.done.fired() {
		c.startParting()
		return nil
	}
	c.answered.fire()
	c.drained.fire()
	if errors.Is(err, io.EOF) {
		c.clientEOF.Store(true)
		c.halfClosed()
		return io.EOF
	}
	if !c.done.fired() {
		c.because(CauseClient)
	}
	return err
}

// part returns our Close frame and then waits for the backend to close, so that
// it is not cut off while it answers. GoAway bounds the wait. What the client
// still sends is read and thrown away: closing a connection with unread bytes
// resets it, and the client might lose the Close frame that it was sent.
func (c *Conn) part(p []byte) (int, error) {
	if len(c.last) > 0 {
		n := copy(p, c.last)
		c.last = c.last[n:]
		return n, nil
	}
	_, _ = io.Copy(io.Discard, c.nc) // until the client closes, or as long as GoAway allows
	c.drained.fire()
	select {
	case <-c.backendEnded.c:
	case <-c.done.c:
	}
	return 0, errGoneAway
}
