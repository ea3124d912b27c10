package tunnel

import (
	"math"
	"time"
)

// lingering is how long a websocket may be quiet after one side closed its
// connection. The protocol knows no half-closed state to wait in.
const lingering = 10 * time.Second

// touch notes that a byte has moved. The timer looks at the note when it fires,
// so that nothing is armed anew for each byte.
func (c *Conn) touch() { c.moved.Store(int64(time.Since(c.begin))) }

func (c *Conn) idleLimit() time.Duration {
	limit := c.options.Idle
	if limit <= 0 {
		limit = math.MaxInt64
	}
	if c.options.WebSocket && c.half() {
		limit = min(limit, lingering)
	}
	return limit
}

func (c *Conn) half() bool { return c.clientEOF.Load() || c.backendEOF.Load() }

// checkIdle runs when the timer fires, and ends the tunnel or sets the timer to
// the moment when the limit is reached if nothing moves.
func (c *Conn) checkIdle() {
	if !c.idle() {
		return
	}
	if !(c.options.WebSocket && c.half()) {
		c.because(CauseIdle)
	}
	c.end()
}

func (c *Conn) idle() bool {
	c.timerMu.Lock()
	defer c.timerMu.Unlock()
	if c.done.fired() {
		return false
	}
	quiet := time.Since(c.begin) - time.Duration(c.moved.Load())
	limit := c.idleLimit()
	if quiet < limit {
		c.timer.Reset(limit - quiet)
		return false
	}
	return true
}

// halfClosed counts one side's end as movement, under the limit that holds now.
func (c *Conn) halfClosed() {
	c.touch()
	c.timerMu.Lock()
	defer c.timerMu.Unlock()
	if !c.done.fired() {
		c.timer.Reset(c.idleLimit())
	}
}
