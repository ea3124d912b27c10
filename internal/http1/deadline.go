package http1

import "time"

// noDeadline is that of what may take for ever.
var noDeadline time.Time

// past is a deadline that ends at once what waits.
var past = time.Unix(1, 0)

// Setting a deadline costs a timer, several for each exchange, and hardly any
// is ever reached. So a deadline is set only where the one that is set comes
// too late. One that comes too early is reached for nothing now and then, and
// is put right by then.

// setReadDeadline makes t the end of reading. It does not undo an Abort.
func (c *ClientConn) setReadDeadline(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readEnd = t
	c.arm()
}

// arm sees that reading wakes up at its end, or at the next step. mu is held.
func (c *ClientConn) arm() {
	t := sooner(c.readEnd, c.steps.at)
	if c.cause == nil && !t.IsZero() && (c.readSet.IsZero() || c.readSet.After(t)) {
		c.readSet = t
		_ = c.nc.SetReadDeadline(t) // fails where it is closed, as reading does
	}
}

// over reports whether reading has to end; otherwise it may be taken up again.
func (c *ClientConn) over() bool {
	if err := c.takeStep(); err != nil {
		c.Abort(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil || reached(c.readEnd, time.Now()) {
		return true
	}
	c.readSet = sooner(c.readEnd, c.steps.at)
	return c.nc.SetReadDeadline(c.readSet) != nil
}

// pushWriteDeadline gives writing idle from now, or an eighth less; 0: no limit.
// It does not undo an Abort.
func (c *ClientConn) pushWriteDeadline(idle time.Duration) {
	if idle <= 0 {
		c.clearWriteDeadline()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	ahead := c.writeSet.Sub(now)
	if c.cause == nil && (ahead > idle || ahead <= idle-idle/8) {
		c.writeSet = now.Add(idle)
		_ = c.nc.SetWriteDeadline(c.writeSet) // fails where it is closed, as writing does
	}
}

// clearWriteDeadline does not undo an Abort.
func (c *ClientConn) clearWriteDeadline() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause == nil && !c.writeSet.IsZero() {
		c.writeSet = noDeadline
		_ = c.nc.SetWriteDeadline(noDeadline) // fails where it is closed, as writing does
	}
}

// bodyClock pushes the deadline of reading ahead while a body is read.
type bodyClock struct {
	begun bool
	idle  time.Duration // 0: no limit
	set   time.Time     // the deadline in force; zero: none yet
}

// extend pushes the read deadline ahead in steps of an eighth.
func (c *ClientConn) extend() {
	b := &c.body
	switch now := time.Now(); {
	case b.idle <= 0 && b.set.IsZero():
		b.set = now
		c.setReadDeadline(noDeadline)
	case b.idle > 0 && b.set.Sub(now) < b.idle-b.idle/8:
		b.set = now.Add(b.idle)
		c.setReadDeadline(b.set)
	}
}

// sooner returns the earlier of two deadlines.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func reached(t, now time.Time) bool { return !t.IsZero() && !now.Before(t) }
