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
	if c.cause == nil && !t.IsZero() && (c.readSet.IsZero() || c.readSet.After(t)) {
		c.readSet = t
		_ = c.nc.SetReadDeadline(t) // fails where it is closed, as reading does
	}
}

// over reports whether reading has to end; otherwise it may be taken up again.
func (c *ClientConn) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil || !c.readEnd.IsZero() && !time.Now().Before(c.readEnd) {
		return true
	}
	c.readSet = c.readEnd
	return c.nc.SetReadDeadline(c.readEnd) != nil
}

// source is the connection as its buffered reader sees it: reading times out
// only when it has to end.
type source struct{ c *ClientConn }

func (s source) Read(p []byte) (int, error) {
	for {
		n, err := s.c.nc.Read(p)
		if n > 0 || err == nil || !isTimeout(err) || s.c.over() {
			return n, err
		}
	}
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
