package http1

import (
	"bufio"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// ErrClosed is the cause of an exchange that ended because Close was called.
var ErrClosed = errors.New("the connection was closed")

var errBusy = errors.New("the connection cannot take another exchange")

// closePatience is how long Close may try to tell a TLS server of it.
const closePatience = 50 * time.Millisecond

// keptHead is the largest room for a head that an idle connection keeps.
const keptHead = 8 << 10

// ClientConn is one HTTP/1.1 connection to a server.
type ClientConn struct {
	nc      net.Conn
	under   net.Conn        // what TLS runs over; nil: there is no TLS
	raw     syscall.RawConn // of the TCP socket; nil: unknown
	lookout lookout         // for Alive
	push    push
	br      *bufio.Reader // nil as long as nothing was read
	out     []byte        // head of a request, reused
	body    bodyClock

	// writing is held during a write, and guards what follows. reset is set
	// when one met a reset, which the socket then reports no more.
	writing sync.Mutex
	reset   bool
	written uint64 // bytes that were taken

	exchanges int
	greeted   uint64 // see acknowledged
	keepAlive time.Duration
	keepMax   int

	// mu guards the rest, and keeps deadlines from undoing an Abort.
	mu       sync.Mutex
	resting  bool  // no exchange is under way, and one may follow
	upgraded bool  // it speaks another protocol now
	cause    error // why the connection was cut
	steps    steps
	readEnd  time.Time // when reading has to end; zero: never
	readSet  time.Time // the deadlines that are set, see deadline.go
	writeSet time.Time
}

// NewClientConn takes over a connection that was dialled.
func NewClientConn(nc net.Conn) *ClientConn {
	c := &ClientConn{nc: nc, resting: true}
	socket := nc
	if t, ok := nc.(interface{ NetConn() net.Conn }); ok {
		c.under = t.NetConn()
		socket = c.under
	}
	c.raw = rawConn(socket)
	c.greeted, _, _ = c.tcpInfo()
	switch nc.(type) {
	case *net.TCPConn, Transparent: // and nothing around it, that would have to see each write
		c.push.prepare(c)
	}
	return c
}

// Transparent is implemented by what stands around a TCP connection and leaves
// every read and write as it is, so that they may go to the socket itself.
type Transparent interface{ Transparent() }

// Abort cuts the connection, from any goroutine. What is under way fails with
// an error that wraps cause; nil stands for [ErrClosed].
func (c *ClientConn) Abort(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return
	}
	if cause == nil {
		cause = ErrClosed
	}
	c.cause = cause
	// A deadline, not Close: whoever runs the exchange closes.
	_ = c.nc.SetDeadline(past) // fails where it is closed
}

func (c *ClientConn) aborted() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// write sends p, with idle for each write that makes progress; 0: no limit.
// Over TLS p is one write, since a record that was cut cannot be gone on with.
func (c *ClientConn) write(p []byte, idle time.Duration) (n int, err error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.under != nil {
		defer c.clearWriteDeadline() // TLS may have to write while it reads, at any time
	}
	for {
		c.pushWriteDeadline(idle)
		m, err := c.nc.Write(p[n:])
		n += m
		c.written += uint64(m) //nolint:gosec // never negative
		if err != nil && errors.Is(err, syscall.ECONNRESET) {
			c.reset = true
		}
		if err == nil || m == 0 || c.under != nil || !isTimeout(err) {
			return n, err
		}
	}
}

// take begins an exchange, which waits no longer than step by step.
func (c *ClientConn) take(now time.Time, s steps) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return c.cause
	}
	if !c.resting {
		return errBusy
	}
	c.resting = false
	c.steps = s
	if reached(c.readSet, now) {
		c.readSet = noDeadline // reading would only find that it has passed
	}
	return nil
}

// untake ends an exchange that has not begun to use the connection.
func (c *ClientConn) untake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resting, c.steps = true, steps{}
}

// drained reports whether nothing follows an answer in what was read with it:
// it would be taken for the answer to the next request. TLS decrypts a record
// at a time, and keeps what it was not asked for; a deadline that has passed
// makes it give that out without a look at the socket, for which see Alive.
func (c *ClientConn) drained() bool {
	if c.br.Buffered() > 0 {
		return false
	}
	if c.under == nil {
		return true
	}
	c.setReadDeadline(past)
	var one [1]byte
	n, err := c.nc.Read(one[:])
	c.setReadDeadline(noDeadline)
	return n == 0 && isTimeout(err)
}

// rest ends an exchange after which another may follow.
func (c *ClientConn) rest() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return false
	}
	if cap(c.out) > keptHead {
		c.out = nil
	}
	c.dismiss()
	c.body = bodyClock{}
	c.steps, c.readEnd = steps{}, noDeadline
	c.resting = true
	return true
}

// Close closes the connection, and ends an exchange that is under way with
// [ErrClosed]. It takes no longer than a moment, even where the server is
// frozen; a TLS server is told of it unless an exchange is cut.
func (c *ClientConn) Close() error {
	c.mu.Lock()
	orderly := c.cause == nil && (c.resting || c.upgraded)
	if c.cause == nil {
		c.cause = ErrClosed
	}
	c.mu.Unlock()
	switch {
	case c.under == nil:
		return c.nc.Close()
	case !orderly:
		return c.under.Close()
	}
	defer time.AfterFunc(closePatience, func() { _ = c.under.Close() }).Stop() // unblocks the notice
	return c.nc.Close()
}

// Reusable reports whether another exchange may follow. It is true before the
// first one, and after an answer that was read to its end.
func (c *ClientConn) Reusable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.resting && c.cause == nil
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
