package proxy

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"sterling/internal/headers"
	"sterling/internal/proxyline"
)

// lines is what a listener does about the PROXY protocol.
type lines struct {
	required bool // by those who are trusted; nobody else is served
	trust    atomic.Pointer[headers.Trust]
	wait     time.Duration
	log      zerolog.Logger
	name     func() string // of the listener
	refused  atomic.Uint64 // connections without a good line
}

var errNoLine = errors.New("connections from there have no PROXY line")

// introduced is a connection that begins with a PROXY line, or may. What is
// behind it is read when somebody asks for the client's address, or for bytes,
// on that one's goroutine.
type introduced struct {
	*conn
	lines *lines

	once   sync.Once
	client *net.TCPAddr // as the line has it; nil: the peer itself
	err    error
}

// introduce reads the line. An error closes the connection.
func (c *introduced) introduce() error {
	c.once.Do(func() {
		if c.err = c.read(); c.err != nil {
			if !errors.Is(c.err, errShed) {
				c.lines.refused.Add(1)
			}
			c.lines.log.Debug().Err(c.err).Str("listener", c.lines.name()).Str("peer", c.addr.String()).Msg("a connection was refused")
			if errors.Is(c.err, errShed) {
				c.listener.turnAway(c.TCPConn)
			}
			_ = c.Close() // there is nobody else to answer
		}
	})
	return c.err
}

func (c *introduced) read() error {
	if !c.lines.trust.Load().Trusts(c.addr) {
		if c.lines.required {
			return errNoLine
		}
		return nil
	}
	_ = c.SetReadDeadline(time.Now().Add(c.lines.wait)) // fails where it is closed
	ends, err := proxyline.Read(c.TCPConn)
	switch {
	case errors.Is(err, proxyline.ErrNone) && !c.lines.required:
	case err != nil:
		return err
	}
	_ = c.SetReadDeadline(time.Time{}) // as above
	peer := c.addr
	if ends.Client.IsValid() {
		c.client, peer = net.TCPAddrFromAddrPort(ends.Client), ends.Client.Addr()
	}
	if !c.listener.limits.takeAddress(peer) {
		c.listener.shed.Add(1)
		return errShed
	}
	c.counted(peer)
	return nil
}

var errShed = errors.New("the client has as many connections as it may")

// RemoteAddr implements [net.Conn]: the client, whoever has passed it on.
func (c *introduced) RemoteAddr() net.Addr {
	if c.introduce() == nil && c.client != nil {
		return c.client
	}
	return c.TCPConn.RemoteAddr()
}

// Read implements [net.Conn].
func (c *introduced) Read(p []byte) (int, error) {
	if err := c.introduce(); err != nil {
		return 0, err
	}
	return c.TCPConn.Read(p)
}

// balanced reports whether places by address are not for a peer: it passes on
// many.
func (l *lines) balanced(peer netip.Addr) bool { return l != nil && l.trust.Load().Trusts(peer) }
