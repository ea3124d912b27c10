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

var errClientGone = errors.New("the client has closed the connection")

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
	empty  bool  // the empty line before a request has come, and nothing else

	fate    fate      // what is left to be done when nobody waits for the socket any more
	wakes   int       // how often something came that was waited for
	idleEnd time.Time // when the wait for a request ends; zero: never
	unsure  bool      // an end of the stream may have come unseen, see step
}

// fate is what becomes of a connection.
type fate int

const (
	goesOn   fate = iota
	hangsUp       // it is closed, when the client has had time to hear the answer
	isReset       // it is closed so that the client sees an error
	isClosed      // nothing is left to be said
	isTaken       // it was hijacked
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
	c.stepFn = c.step
	if c.socket == nil {
		c.raw, c.first = rawConn(bottom), make([]byte, firstSize)
	} else {
		c.raw = c.socket.raw
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

// serve is the connection's life. What ends it is done here, also when a
// handler has ended the goroutine.
func (c *serverConn) serve() {
	defer c.end()
	if c.s.o.Header > 0 {
		c.limits.read(c.began.Add(c.s.o.Header), 0)
	}
	for c.fate == goesOn {
		switch c.next() {
		case headWhole:
			c.answer()
		case headBad:
			c.refuse()
		case headNone:
			c.fate = isClosed
		}
	}
}

// end does what ends the connection.
func (c *serverConn) end() {
	switch c.fate {
	case isTaken:
	case isReset:
		c.reset()
	case hangsUp:
		c.hangUp()
	default:
		_ = c.nc.Close() // it is of no use any more
	}
	if c.turn != nil {
		c.give()
	}
}

// endIdle closes the connection if it is idle. Any goroutine may call it.
func (c *serverConn) endIdle() {
	if c.state.CompareAndSwap(connIdle, connOver) {
		_ = c.nc.Close() // nobody waits for anything
	}
}

// cut ends the connection, whatever is going on. Any goroutine may call it. A
// descriptor that may be in use is not closed here: that might have to wait.
func (c *serverConn) cut() {
	if c.state.Swap(connOver) == connIdle || c.socket == nil {
		_ = c.nc.Close() // as above
		return
	}
	shutSocket(c.raw)
	c.limits.wake()
}
