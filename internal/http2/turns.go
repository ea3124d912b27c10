package http2

import (
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/net/http2"
)

// Answers that find the output full, or the connection's window used up, wait
// in a queue. One at a time gets its turn, and goes to the end of the queue when
// it has filled the output: no stream can keep the others from the client.

// await returns when s may put something into the output: with data, DATA of a
// byte at least. goesOn says that s has not let go of mu since it had its turn.
// await expects mu to be held, and gives it up meanwhile.
func (c *conn) await(s *stream, data, goesOn bool) error {
	o := &c.out
	for {
		switch {
		case s.failure != nil:
			return c.leaveQueue(s, s.failure)
		case data && s.sendWindow <= 0:
			_ = c.leaveQueue(s, nil)
			c.nextTurn()
			s.waiting = true
		case o.full(), data && o.window <= 0, data && !goesOn && o.turn != s && (o.turn != nil || len(o.queue) > 0):
			c.enterQueue(s, data)
		default:
			return c.leaveQueue(s, nil)
		}
		if err := c.pause(s); err != nil {
			return c.leaveQueue(s, err)
		}
		goesOn, s.waiting = false, false
	}
}

// enterQueue puts s at the end, unless it was its turn, and it came to nothing.
func (c *conn) enterQueue(s *stream, data bool) {
	o := &c.out
	at := len(o.queue)
	if o.turn == s {
		o.turn, at = nil, 0
	}
	if !s.queued {
		s.queued, s.wantsWindow = true, data
		o.queue = slices.Insert(o.queue, at, s)
	}
}

// leaveQueue returns err.
func (c *conn) leaveQueue(s *stream, err error) error {
	o := &c.out
	s.waiting = false
	if s.queued {
		s.queued = false
		if i := slices.Index(o.queue, s); i >= 0 {
			o.queue = slices.Delete(o.queue, i, i+1)
		}
	}
	if o.turn == s {
		o.turn = nil
	}
	if err != nil {
		c.nextTurn()
	}
	return err
}

// pause waits for a signal, or for the deadline. It expects mu to be held, and
// gives it up meanwhile.
func (c *conn) pause(s *stream) error {
	c.flush() // what is to make room has to get out
	deadline := s.writeDeadline
	if deadline.IsZero() && s.returning && c.server.o.Write > 0 {
		deadline = time.Now().Add(c.server.o.Write)
		s.writeDeadline = deadline
	}
	if !deadline.IsZero() {
		left := time.Until(deadline)
		if left <= 0 {
			return c.stall(s)
		}
		if s.alarm == nil {
			s.alarm = time.AfterFunc(left, s.signal)
		} else {
			s.alarm.Reset(left)
		}
		defer s.alarm.Stop()
	}
	c.mu.Unlock()
	<-s.wake
	c.mu.Lock()
	return nil
}

// stall resets a stream whose write deadline has passed in a write.
func (c *conn) stall(s *stream) error {
	err := fmt.Errorf("http2: %w", os.ErrDeadlineExceeded)
	if s.failure != nil {
		return s.failure
	}
	s.failure = err
	c.resetStream(s.id, http2.ErrCodeInternal)
	c.close(s)
	c.flush()
	c.mu.Unlock()
	if s.body != nil {
		s.body.end(err)
	}
	s.ctx.end(err)
	c.mu.Lock()
	return err
}

// nextTurn wakes the first in the queue that need wait no longer, unless it is
// somebody's turn already. It expects mu to be held.
func (c *conn) nextTurn() {
	o := &c.out
	if o.full() || o.turn != nil {
		return
	}
	for i, s := range o.queue {
		if s.wantsWindow && o.window <= 0 {
			continue
		}
		o.queue = slices.Delete(o.queue, i, i+1)
		s.queued, o.turn = false, s
		s.signal()
		return
	}
}

// resume wakes s when its window has grown. It expects conn.mu to be held.
func (s *stream) resume() {
	if s.waiting && s.sendWindow > 0 {
		s.signal()
	}
}
