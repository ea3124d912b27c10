package http1

import (
	"time"

	"golang.org/x/sys/unix"
)

// States of a TCP socket (include/net/tcp_states.h of Linux).
const (
	stateClosed    = 7 // here: the peer has answered our bytes with a reset
	stateCloseWait = 8 // the peer has sent FIN
)

// verdictPatience bounds the wait for what the peer's kernel says to a request
// that met a FIN: a round trip on a network of servers, or a delayed
// acknowledgement (40 ms).
const verdictPatience = 50 * time.Millisecond

// acknowledged returns how many bytes the peer's kernel has acknowledged since
// the connection was made (tcpi_bytes_acked of TCP_INFO), as the SYN counts,
// too, once all that was written has arrived. Without TLS no system call is
// needed for it: where an answer was read to its end, its request had arrived,
// and if it had not, less would be acknowledged, which proves nothing. It is
// known only where it is not 0 from the first: an emulated kernel says 0 always.
func (c *ClientConn) acknowledged() (uint64, bool) {
	if c.under == nil {
		c.writing.Lock()
		defer c.writing.Unlock()
		return c.greeted + c.written, c.greeted > 0
	}
	n, _, ok := c.tcpInfo()
	return n, ok && n > 0
}

func (c *ClientConn) tcpInfo() (acked uint64, state uint8, ok bool) {
	if c.raw == nil {
		return 0, 0, false
	}
	err := c.raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			acked, state, ok = info.Bytes_acked, info.State, true
		}
	})
	return acked, state, ok && err == nil
}

// refused is called after the end of the stream was read. It reports whether
// no program has read what was written since acked bytes had been
// acknowledged. That a FIN acknowledges nothing new proves that it was sent
// before the request came; the reset that follows proves that the program had
// closed the socket, and not only its sending side. A reset without a FIN
// proves nothing: Linux drops it before it looks at its acknowledgement, so
// that a program may have read all and died within the 40 ms of a delayed one.
func (c *ClientConn) refused(acked uint64) bool {
	for end := time.Now().Add(verdictPatience); ; time.Sleep(time.Millisecond) {
		now, state, ok := c.tcpInfo()
		if !ok || now != acked {
			return false
		}
		if state == stateClosed {
			return c.finBeforeReset()
		}
		if state != stateCloseWait || time.Now().After(end) {
			return false
		}
	}
}

// finBeforeReset reports whether the peer had sent FIN when its reset came.
// The end of the stream does not say so: over TLS it is a message, and where a
// write has met the reset, reading meets nothing else. But Linux sets EPIPE for
// a reset after a FIN and ECONNRESET for one without, and whoever meets it first
// takes it away.
func (c *ClientConn) finBeforeReset() bool {
	c.writing.Lock() // a write cannot be blocked any more
	defer c.writing.Unlock()
	fin := false
	err := c.raw.Control(func(fd uintptr) {
		pending, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
		fin = err == nil && (pending == int(unix.EPIPE) || pending == 0 && !c.reset)
	})
	return err == nil && fin
}

// Alive reports whether an idle connection has neither been closed by the peer
// nor been sent anything that nobody asked for. A connection of which it says no
// must be closed: what had come is lost.
func (c *ClientConn) Alive() bool {
	if c.aborted() != nil || c.br != nil && c.br.Buffered() > 0 {
		return false
	}
	if c.raw == nil {
		return true
	}
	l := &c.lookout
	if l.call == nil {
		l.call = l.look
	}
	l.quiet = false
	err := c.raw.Control(l.call)
	return err == nil && l.quiet
}

// lookout looks at a socket that is at rest. It belongs to the connection, so
// that a look allocates nothing. It reads, which costs half of what asking does.
type lookout struct {
	call  func(fd uintptr) // look
	byte  [1]byte
	quiet bool // neither bytes nor an end have come
}

func (l *lookout) look(fd uintptr) {
	for {
		_, err := unix.Read(int(fd), l.byte[:]) //nolint:gosec // a descriptor
		if err == unix.EINTR {
			continue
		}
		l.quiet = err == unix.EAGAIN
		return
	}
}
