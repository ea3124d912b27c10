package http1

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// States of a connection.
const (
	connIdle   = iota // nothing of a request has come
	connActive        // a request is under way
	connOver          // closed while it was idle, or cut
)

var (
	errClientGone = errors.New("the client has closed the connection")
	errServerCut  = errors.New("the server has cut the connection")
)

// serverConn is one connection. All but what is said to be for others belongs
// to the goroutine of ServeConn.
type serverConn struct {
	s      *Server
	nc     net.Conn
	rd     io.Reader // what requests are read from: nc, or the socket if it is plain
	socket *serverSocket
	raw    syscall.RawConn // of the socket, for looking at its state; nil: it has none
	tls    *tls.ConnectionState
	remote string
	local  net.Addr
	began  time.Time

	limits serverLimits
	state  atomic.Int32 // others end an idle connection

	turn   *serverTurn // nil while it is idle
	first  []byte      // reads what comes first without a socket of ours; nil with one
	stepFn func(fd uintptr) bool
	verdict
	failed error // why nothing more can be read
	served int   // requests handled
}

// verdict is what reading a head has come to.
type verdict int

const (
	headMore  verdict = iota // there is more to come
	headWhole                // it can be handled
	headBad                  // it has to be refused
	headNone                 // there will be none
)

// firstSize is what is kept for the first bytes of a request on a connection
// that cannot be waited for without a buffer. Most heads fit.
const firstSize = 512

func newServerConn(s *Server, nc net.Conn, state *tls.ConnectionState) *serverConn {
	c := &serverConn{s: s, nc: nc, rd: nc, tls: state, local: nc.LocalAddr(), began: time.Now()}
	c.limits.nc = nc
	if a := nc.RemoteAddr(); a != nil {
		c.remote = a.String()
	}
	bottom := nc
	if t, ok := nc.(*tls.Conn); ok {
		bottom = t.NetConn()
	}
	switch k, ok := bottom.(*serverSocket); {
	case ok:
		c.socket = k
	case bottom == nc:
		c.socket = newServerSocket(nc)
		if c.socket != nil {
			c.rd = c.socket
		}
	}
	c.raw = rawConn(bottom)
	c.stepFn = c.step
	if c.socket == nil {
		c.first = make([]byte, firstSize)
	}
	return c
}

// rawConn is nil for what is no socket.
func rawConn(nc net.Conn) syscall.RawConn {
	s, ok := nc.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// serve is the connection's life.
func (c *serverConn) serve() {
	if c.s.o.Header > 0 {
		c.limits.read(c.began.Add(c.s.o.Header), 0)
	}
	for c.wait() {
	}
	if c.turn != nil {
		c.give()
	}
}

// wait waits for a request and answers it. It reports whether there may be
// another.
func (c *serverConn) wait() bool {
	switch c.next() {
	case headWhole:
		return c.answer()
	case headBad:
		c.refuse()
	default:
		_ = c.nc.Close() // it is of no use any more
	}
	return false
}

// next reads a head, and returns what has become of it.
func (c *serverConn) next() verdict {
	c.verdict = headMore
	if c.turn != nil { // of what the client sent ahead
		c.scan()
	}
	for c.verdict == headMore {
		err := c.read()
		if err == nil {
			continue
		}
		if isTimeout(err) && !c.limits.over() {
			continue
		}
		c.cannotRead(err)
	}
	return c.verdict
}

// read reads until there is a verdict, or reading fails.
func (c *serverConn) read() error {
	if c.socket == nil {
		return c.readBlocking()
	}
	if err := c.socket.raw.Read(c.stepFn); err != nil {
		return err
	}
	return c.failed
}

// step is called when there may be something to read. It reads without
// waiting, and reports whether there is a verdict or a failure.
func (c *serverConn) step(fd uintptr) bool {
	c.socket.enter(fd)
	defer c.socket.leave()
	for c.verdict == headMore {
		if c.turn == nil {
			c.take()
		}
		n, err := c.rd.Read(c.turn.room())
		if n > 0 {
			c.got(n)
			continue
		}
		if err == errWouldBlock { //nolint:errorlint // it is ours, and never wrapped
			c.stay()
			return false
		}
		if err != nil {
			c.failed = err
			return true
		}
	}
	return true
}

// stay prepares for waiting: for a first byte without buffers, for others with
// a limit.
func (c *serverConn) stay() {
	if c.turn.r == c.turn.w {
		c.give()
		return
	}
	c.limitHead()
}

// limitHead gives the head that has begun its time.
func (c *serverConn) limitHead() {
	if c.s.o.Header <= 0 {
		c.limits.read(noDeadline, 0)
		return
	}
	from := c.turn.began
	if c.served == 0 {
		from = c.began
	}
	c.limits.read(from.Add(c.s.o.Header), anytime)
}

// got takes in n bytes that were read.
func (c *serverConn) got(n int) {
	c.turn.w += n
	c.scan()
}

// scan looks at what is there of a head.
func (c *serverConn) scan() {
	if c.state.Load() == connIdle && !c.state.CompareAndSwap(connIdle, connActive) {
		c.verdict = headNone // closed at the same moment
		return
	}
	t := c.turn
	t.used = true
	if c.verdict = t.scan(); c.verdict != headWhole && t.began.IsZero() {
		t.began = time.Now()
	}
}

// readBlocking is read for a connection whose readiness cannot be seen.
func (c *serverConn) readBlocking() error {
	if c.turn == nil {
		n, err := c.rd.Read(c.first)
		if n > 0 {
			c.take()
			copy(c.turn.in, c.first[:n])
			c.got(n)
			return nil
		}
		return err
	}
	c.limitHead()
	n, err := c.rd.Read(c.turn.room())
	if n > 0 {
		c.got(n)
		return nil
	}
	return err
}

// cannotRead makes a failure to read a verdict. What has begun is refused,
// unless nobody is left to hear of it.
func (c *serverConn) cannotRead(err error) {
	c.verdict = headNone
	if c.turn == nil || c.turn.r == c.turn.w {
		return
	}
	switch {
	case isTimeout(err):
		c.verdict, c.turn.head.fault = headBad, errSlowHead
	case ended(err):
		c.verdict, c.turn.head.fault = headBad, errCutHead
	}
}

// idle begins the wait for the next request.
func (c *serverConn) idle() bool {
	c.nextTurn()
	end := noDeadline
	if c.s.o.Idle > 0 {
		end = time.Now().Add(c.s.o.Idle)
	}
	c.limits.read(end, c.s.o.Idle/8)
	if c.turn == nil && !c.state.CompareAndSwap(connActive, connIdle) {
		return false
	}
	return !c.s.closing.Load()
}

// endIdle closes the connection if it is idle. Any goroutine may call it.
func (c *serverConn) endIdle() {
	if c.state.CompareAndSwap(connIdle, connOver) {
		_ = c.nc.Close() // nobody waits for anything
	}
}

// cut ends the connection, whatever is going on. Any goroutine may call it.
// It does not close the descriptor, for which it might have to wait.
func (c *serverConn) cut() {
	if c.state.Swap(connOver) == connIdle {
		_ = c.nc.Close() // as above
		return
	}
	c.limits.wake()
	_ = c.nc.SetDeadline(past) // fails where it is closed already
	shutSocket(c.raw)
}
