package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// errDrained is what Accept returns once a draining listener has handed out
// everything that the kernel had accepted.
var errDrained = errors.New("the listener is closed")

// How long a draining listener must stay without a connection to count as
// empty: where the kernel takes no new ones, long enough for handshakes under
// way to end; where it does, short, or it would never be.
const (
	backlogQuiet     = 100 * time.Millisecond
	backlogQuietOpen = time.Millisecond
)

// listener is a bound socket that counts its connections, turns away those
// over a limit, and can be drained without losing one.
type listener struct {
	*net.TCPListener
	plain    bool        // HTTP without TLS: one that is shed can be told so
	passed   bool        // the socket belongs to systemd, which goes on listening
	lent     atomic.Bool // another process, which passed it, still serves it
	limits   *connectionLimits
	lines    *lines // nil: there is no PROXY protocol
	open     atomic.Int64
	accepted atomic.Uint64
	shed     atomic.Uint64
	draining atomic.Bool
	shut     atomic.Bool // the kernel takes no new connections
}

func (l *listener) quiet() time.Duration {
	if l.shut.Load() {
		return backlogQuiet
	}
	return backlogQuietOpen
}

// bind opens address: host:port. One of systemd's, fd:NAME, cannot be opened.
func bind(address string, limits *connectionLimits) (*listener, error) {
	if strings.HasPrefix(address, ofSystemd) {
		return nil, notPassed(address, errNotPassed)
	}
	var plain net.ListenConfig
	// Multipath TCP sockets take no filter, which drain needs.
	plain.SetMultipathTCP(false)
	keepAliveByListener(&plain)
	l, err := plain.Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, explainBind(address, err)
	}
	return &listener{TCPListener: l.(*net.TCPListener), limits: limits}, nil //nolint:errcheck // "tcp" gives nothing else
}

// BindError says why a listener could not be bound.
type BindError struct {
	Listener string // name in the configuration
	Address  string
	Hint     string
	Err      error
}

func (e *BindError) Error() string {
	s := fmt.Sprintf("listener %q: binding %s: %v", e.Listener, e.Address, e.Err)
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

func (e *BindError) Unwrap() error { return e.Err }

func explainBind(address string, err error) error {
	b := &BindError{Address: address, Err: err}
	_, port, _ := net.SplitHostPort(address)
	var sys syscall.Errno
	if !errors.As(err, &sys) {
		return b
	}
	b.Err = sys
	switch sys {
	case syscall.EADDRINUSE:
		b.Hint = "port " + port + " is taken: end the program that has it, or give the listener another address"
	case syscall.EACCES:
		b.Hint = "port " + port + " needs CAP_NET_BIND_SERVICE, or a socket passed by systemd (fd:NAME)"
	case syscall.EADDRNOTAVAIL:
		b.Hint = "this machine has no such address"
	}
	return b
}

// Accept implements [net.Listener]. A connection over a limit is shed here.
func (l *listener) Accept() (net.Conn, error) {
	quiet := false // this deadline was set to see whether the backlog is empty
	for {
		c, err := l.AcceptTCP()
		if errors.Is(err, os.ErrDeadlineExceeded) && l.draining.Load() {
			if quiet {
				_ = l.Close()
				return nil, errDrained
			}
			quiet = true
			_ = l.SetDeadline(time.Now().Add(l.quiet()))
			continue
		}
		if err != nil {
			return nil, err
		}
		l.accepted.Add(1)
		addr := remoteAddr(c)
		counted := addr
		if l.lines.balanced(addr) {
			counted = netip.Addr{} // its client has a place, when it is known
		}
		if !l.limits.takeSocket(counted) {
			l.shed.Add(1)
			l.turnAway(c)
			continue
		}
		l.open.Add(1)
		accepted := &conn{TCPConn: c, listener: l, addr: addr, place: counted}
		if l.lines != nil {
			return &introduced{conn: accepted, lines: l.lines}, nil
		}
		return accepted, nil
	}
}

// leave closes this process's copy of a socket that another one serves: what
// the kernel has accepted and Accept has not handed out is the other's.
func (l *listener) leave() { _ = l.Close() }

// drain lets Accept hand out what the kernel has accepted so far, and then end
// with errDrained. From here on the kernel accepts nothing more: without that,
// a connection could slip in between the last look and the close, and be reset.
func (l *listener) drain() {
	if l.lent.Load() {
		l.leave()
		return
	}
	l.shut.Store(!l.passed && refuseNew(l.TCPListener))
	l.draining.Store(true)
	_ = l.SetDeadline(time.Now())
}

const shedAnswer = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

// turnAway closes a connection over a limit. On a fresh socket the few bytes
// of the answer never block.
func (l *listener) turnAway(c *net.TCPConn) {
	if l.plain {
		_, _ = c.Write([]byte(shedAnswer)) // it is leaving anyway
	}
	_ = c.Close()
}

// conn is an accepted connection that gives its place back when it closes.
type conn struct {
	*net.TCPConn
	listener *listener
	addr     netip.Addr

	mu     sync.Mutex // guards what follows
	place  netip.Addr // whose place it has; zero: nobody's
	closed bool
}

// counted says whose place the connection has taken.
func (c *conn) counted(addr netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		c.listener.limits.giveAddress(addr)
		return
	}
	c.place = addr
}

// Close implements [net.Conn].
func (c *conn) Close() error {
	c.mu.Lock()
	first := !c.closed
	c.closed = true
	c.mu.Unlock()
	if first {
		c.listener.open.Add(-1)
		c.listener.limits.giveSocket(c.place) // nobody changes it any more
	}
	return c.TCPConn.Close()
}

func remoteAddr(c *net.TCPConn) netip.Addr {
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}
