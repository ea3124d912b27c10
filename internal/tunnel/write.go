package tunnel

import (
	"errors"
	"net"
)

var errNoCloseWrite = errors.New("the client's connection cannot be closed one way")

// Write sends the head of the 101 answer, and after it what the backend sends,
// to the client. After GoAway told the client, all further bytes are taken and
// thrown away.
func (c *Conn) Write(p []byte) (int, error) {
	c.writeMu.Lock()
	n, err := c.write(p)
	c.writeMu.Unlock()
	if c.leaving.Load() != nil {
		c.tell() // GoAway could not, when it found this Write under way
	}
	if err != nil && !c.done.fired() {
		c.because(CauseClient)
	}
	return n, err
}

// write is Write under writeMu.
func (c *Conn) write(p []byte) (int, error) {
	if c.silent {
		c.discard(p)
		return len(p), nil
	}
	now := p
	if c.leaving.Load() != nil {
		now = p[:c.toBoundary(p)]
	}
	n, err := 0, error(nil)
	if len(now) > 0 {
		n, err = c.nc.Write(now)
		c.bytesOut.Add(c.out.all(now[:n]))
		c.touch()
		c.noteClose()
	}
	if err != nil || len(now) == len(p) {
		return n, err
	}
	c.farewell()
	c.discard(p[len(now):])
	return len(p), nil
}

// toBoundary returns how much of p must pass before something of ours may.
func (c *Conn) toBoundary(p []byte) int {
	probe := c.out
	n := 0
	for n < len(p) && !probe.boundary() {
		n += probe.next(p[n:])
	}
	return n
}

// discard follows the backend's frames to see it answer.
func (c *Conn) discard(p []byte) {
	c.out.all(p)
	c.noteClose()
	if c.out.frames.closed {
		c.backendEnded.fire()
	}
}

func (c *Conn) noteClose() {
	if c.out.frames.closed {
		c.closeSeen.Store(true)
	}
}

// CloseWrite tells the client that the backend has ended, as ReverseProxy does
// when it has copied all.
func (c *Conn) CloseWrite() error {
	c.writeMu.Lock()
	if c.leaving.Load() != nil && c.out.boundary() {
		c.farewell()
	}
	c.silent = true
	err := closeWrite(c.nc)
	c.writeMu.Unlock()
	if c.leaving.Load() != nil {
		c.tell()
	}
	c.backendEOF.Store(true)
	c.backendEnded.fire()
	c.halfClosed()
	return err
}

func closeWrite(nc net.Conn) error {
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errNoCloseWrite
}
