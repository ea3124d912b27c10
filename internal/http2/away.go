package http2

import (
	"errors"
	"io"
	"time"

	"golang.org/x/net/http2"
)

// Connections end in two steps (RFC 9113, section 6.8). The first GOAWAY names
// the highest stream there could be: the client opens no more streams here,
// and none that is on its way is refused. A PING goes with it. When the client
// has answered that, it has seen the GOAWAY, and the second can name the last
// stream that was taken up.

// away is how far a connection is on its way to its end. It is guarded by
// conn.mu.
type away struct {
	told  bool   // the first GOAWAY is in the output
	final bool   // the second is
	last  uint32 // what it named
	timer *time.Timer
}

const (
	pongPatience = time.Second // until the second GOAWAY is sent anyway
	lingering    = time.Second // until a connection is closed that the client does not close
	maxLingering = 256 << 10   // bytes that are read meanwhile
)

// leavePing is what is in the PING.
var leavePing = [8]byte{'g', 'o', 'i', 'n', 'g', ' ', 't', 'o'}

// goAway begins the end.
func (c *conn) goAway() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leave()
	c.flush()
}

// leave expects mu to be held.
func (c *conn) leave() {
	if c.away.told || c.ended || c.out.broken != nil {
		return
	}
	c.away.told = true
	b := appendGoAway(c.out.room(), maxWindow, http2.ErrCodeNo, "")
	c.out.frames = appendPing(b, 0, leavePing[:])
	c.away.timer = time.AfterFunc(pongPatience, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.left()
	})
}

// pong is called with the answer to a PING.
func (c *conn) pong(data []byte) {
	if string(data) != string(leavePing[:]) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away.told && c.last > 0 { // else its first request may be about to come
		c.left()
	}
}

// left sends the second GOAWAY. It expects mu to be held.
func (c *conn) left() {
	if c.away.final || c.ended || c.out.broken != nil {
		return
	}
	c.away.final, c.away.last = true, c.last
	c.out.frames = appendGoAway(c.out.room(), c.last, http2.ErrCodeNo, "")
	c.flush()
}

// settle ends the connection when all is done that there was to do. It expects
// mu to be held.
func (c *conn) settle() {
	if c.away.final && c.under == 0 && c.out.empty() && !c.out.writing {
		c.rouse()
	}
}

// becameIdle is called when the last request has ended. It expects mu to be held.
func (c *conn) becameIdle() {
	c.idleSince.Store(time.Now().UnixNano())
	if c.empty != nil {
		close(c.empty)
		c.empty = nil
	}
	c.settle()
}

// bye says why the connection ends, unless it is gone, and closes it. All
// streams are closed by now.
func (c *conn) bye(err error) {
	var fault *connError
	code, reason := http2.ErrCodeNo, ""
	if errors.As(err, &fault) {
		code, reason = fault.code, fault.reason
	}
	c.mu.Lock()
	if c.away.timer != nil {
		c.away.timer.Stop()
	}
	polite := fault != nil || errors.Is(err, errIdle) || errors.Is(err, errLeaving)
	last := c.last
	if c.away.final {
		last = c.away.last // no GOAWAY names a later stream than one before
	}
	if polite && (fault != nil || !c.away.final) && c.out.broken == nil {
		c.out.frames = appendGoAway(c.out.room(), last, code, reason)
	}
	mustWrite := polite && c.claim()
	written := make(chan struct{})
	if c.out.writing {
		c.out.idle = written
	} else {
		close(written)
	}
	c.mu.Unlock()
	if polite {
		c.leaving.Store(true)
		_ = c.nc.SetDeadline(time.Now().Add(lingering)) // fails where the reads will
		if mustWrite {
			c.write()
		}
		<-written
		c.linger()
	}
	_ = c.nc.Close() // the client has all that it gets
}

// linger waits for the client to close: to close while bytes of it are on their
// way would reset the connection, and the last frames could be lost.
func (c *conn) linger() {
	if w, ok := c.nc.(interface{ CloseWrite() error }); ok {
		if w.CloseWrite() != nil {
			return
		}
	}
	buf := largeChunks.Get().(*[largeChunk]byte) //nolint:errcheck // the pool holds nothing else
	defer largeChunks.Put(buf)
	for n := 0; n < maxLingering; {
		m, err := c.nc.Read(buf[:])
		n += m
		if err != nil && (m == 0 || errors.Is(err, io.EOF)) {
			return
		}
	}
}
