package http2

import (
	"errors"
	"os"
	"time"
)

// waiter is a conn as what its input reads from: it keeps the read deadline.
//
// While there are requests, the deadline is moved ahead in large steps, because
// each move costs, and one that passes only makes the reader look up.
type waiter conn

// Read implements [io.Reader].
func (w *waiter) Read(p []byte) (int, error) {
	c := (*conn)(w)
	c.arm(time.Now())
	for {
		n, err := c.nc.Read(p)
		if n > 0 || err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if err := c.overdue(time.Now()); err != nil {
			return 0, err
		}
	}
}

// due is when the reader has to look up, at the latest. soon is the earliest
// time that will do as well.
func (c *conn) due(now time.Time) (due, soon time.Time) {
	o := &c.server.o
	if !c.headedAt.IsZero() {
		if o.Header <= 0 {
			return time.Time{}, time.Time{}
		}
		due = c.headedAt.Add(o.Header)
		return due, due
	}
	if o.Idle <= 0 {
		return time.Time{}, time.Time{}
	}
	if since := c.idleSince.Load(); since != 0 {
		due = time.Unix(0, since).Add(o.Idle)
		return due, now
	}
	due = now.Add(o.Idle)
	return due, due.Add(-o.Idle / 8)
}

// arm sets the deadline, unless the one in force will do.
func (c *conn) arm(now time.Time) {
	due, soon := c.due(now)
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	if c.roused || c.deadline.Equal(due) || !due.IsZero() && !c.deadline.Before(soon) && !c.deadline.After(due) {
		return
	}
	c.deadline = due
	_ = c.nc.SetReadDeadline(due) // fails where the read will
}

// overdue is called when the deadline has passed. It returns why the connection
// ends, or nil with another deadline set.
func (c *conn) overdue(now time.Time) error {
	c.deadlineMu.Lock()
	roused := c.roused
	c.deadlineMu.Unlock()
	if roused {
		return errLeaving
	}
	due, _ := c.due(now)
	if !due.IsZero() && !now.Before(due) {
		if !c.settled {
			return errSlow
		}
		if !c.headedAt.IsZero() {
			return calm("the header block did not come in time")
		}
		return errIdle
	}
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	if !c.roused {
		c.deadline = due
		_ = c.nc.SetReadDeadline(due) // fails where the read will
	}
	return nil
}

// rouse makes the reader look up and end the connection.
func (c *conn) rouse() {
	c.deadlineMu.Lock()
	defer c.deadlineMu.Unlock()
	c.roused = true
	_ = c.nc.SetReadDeadline(time.Unix(1, 0)) // fails where the read has
}
