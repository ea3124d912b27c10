package backend

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
)

// Descriptors bounds the connections to all backends together, in the
// process's budget of file descriptors. Its methods are called from any
// goroutine.
type Descriptors interface {
	// Take asks for the place of one more connection.
	Take() bool
	// Give returns a place that was taken.
	Give()
}

// errNoDescriptors says nothing of the backend: every other one would be out of
// reach, too.
var errNoDescriptors = errors.New("the process has no file descriptor to spare")

// open makes a TCP connection that has its place, where places are counted.
func (d *dialer) open(ctx context.Context) (net.Conn, error) {
	if d.descriptors == nil {
		return d.net.DialContext(ctx, "tcp", d.address)
	}
	if !d.descriptors.Take() {
		return nil, errNoDescriptors
	}
	conn, err := d.net.DialContext(ctx, "tcp", d.address)
	if err != nil {
		d.descriptors.Give()
		return nil, err
	}
	return &counted{TCPConn: conn.(*net.TCPConn), of: d.descriptors}, nil //nolint:errcheck // "tcp" gives nothing else
}

// counted is a connection that gives its place back when it is closed.
type counted struct {
	*net.TCPConn
	of     Descriptors
	closed atomic.Bool
}

// Close implements [net.Conn].
func (c *counted) Close() error {
	err := c.TCPConn.Close()
	if !c.closed.Swap(true) {
		c.of.Give()
	}
	return err
}

// Transparent implements [http1.Transparent].
func (c *counted) Transparent() {}

// GiveUpIdle closes an idle connection to some backend, or, over HTTP/2, all to
// one, and reports whether there was any. It is for who is short of descriptors.
func (s *Set) GiveUpIdle() bool {
	s.mu.Lock()
	backends := s.list()
	s.mu.Unlock()
	for _, b := range backends {
		if b.transport.giveUpIdle() {
			return true
		}
	}
	return false
}

func (t *h1) giveUpIdle() bool {
	c, ok := t.idle.oldest()
	if ok {
		_ = c.Close() // nothing is under way on it
	}
	return ok
}

func (t *h2) giveUpIdle() bool {
	t.mu.Lock()
	link := t.link
	t.mu.Unlock()
	before := link.open()
	link.std.CloseIdleConnections()
	return link.open() < before
}
