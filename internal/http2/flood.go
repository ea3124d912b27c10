package http2

import (
	"slices"
	"time"

	"golang.org/x/net/http2"
)

// What a client may do in a second without use to anybody. A counter that
// passes its limit is compared with the time that it took, so counting costs
// no look at the clock.
const (
	maxResets = 200  // streams that it resets, or makes the server reset
	maxEmpty  = 1000 // frames that move nothing, and four for each that does
)

// flood counts what a client does in vain. It is the reader's.
type flood struct {
	resets, empty           int
	resetsSince, emptySince time.Time
	useful                  int // frames that have opened a stream or brought data
}

// reset counts a stream that has ended before its answer, by the client's doing.
func (c *conn) countReset() error {
	f := &c.flood
	if f.resets++; f.resets <= maxResets {
		return nil
	}
	c.mu.Lock()
	done := c.out.done
	c.mu.Unlock()
	now := time.Now()
	if now.Sub(f.resetsSince) < time.Second && f.resets > done {
		return calm("too many streams reset")
	}
	f.resets, f.resetsSince = 0, now
	c.mu.Lock()
	c.out.done = 0
	c.mu.Unlock()
	return nil
}

// countEmpty counts a frame that moves nothing.
func (c *conn) countEmpty(kind http2.FrameType) error {
	f := &c.flood
	if f.empty++; f.empty <= maxEmpty {
		return nil
	}
	c.mu.Lock()
	useful := f.useful + c.out.sent
	c.mu.Unlock()
	if f.empty <= maxEmpty+4*useful {
		return nil
	}
	now := time.Now()
	if now.Sub(f.emptySince) < time.Second {
		return calm("too many frames in vain: " + kind.String())
	}
	f.empty, f.useful, f.emptySince = 0, 0, now
	c.mu.Lock()
	c.out.sent = 0
	c.mu.Unlock()
	return nil
}

// controlled is called with each frame that the client has made the server put
// into the output.
func (c *conn) controlled() error {
	c.owes = true
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out.controls > maxControls {
		return calm("frames are caused faster than their answers are taken")
	}
	return nil
}

// lateStreams are the streams that the server has reset last. Frames for them
// may be on their way (RFC 9113, section 5.1).
type lateStreams struct {
	ids  []uint32
	next int
}

const maxLate = 128 // streams

func (l *lateStreams) add(id uint32) {
	if len(l.ids) < maxLate {
		l.ids = append(l.ids, id)
		return
	}
	l.ids[l.next%maxLate] = id
	l.next++
}

func (l *lateStreams) has(id uint32) bool { return slices.Contains(l.ids, id) }
