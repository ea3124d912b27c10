package backend

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"sterling/internal/proxyline"
)

// stdLink is a standard transport and the connections that it has dialed. It is
// given up as a whole when the backend is marked down: its connections may
// lead to a machine that has gone without a word, and the transport would put
// new requests on them. Those under way go on; the last one closes them all.
type stdLink struct {
	std    *http.Transport
	dialer dialer

	mu      sync.Mutex // guards what follows
	users   int
	retired bool
	conns   map[*stdConn]struct{}
}

// connectLimitKey is the context key of an attempt's limit for connecting: the
// transport dials in the background, under a context that keeps only values.
type connectLimitKey struct{}

// headLimit is what the head of an answer may take, as over HTTP/1.1.
const headLimit = 64 << 10

func newStdLink(d *dialer, protocol Protocol, idle time.Duration) *stdLink {
	l := &stdLink{dialer: *d, conns: make(map[*stdConn]struct{})}
	l.dialer.wrap = l.track
	l.std = newStandardTransport(protocol, l.dial)
	l.std.IdleConnTimeout = idle
	l.std.MaxResponseHeaderBytes = headLimit
	l.std.HTTP2 = &http.HTTP2Config{SendPingTimeout: 5 * time.Second, PingTimeout: 5 * time.Second}
	return l
}

func (l *stdLink) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	limit, ok := ctx.Value(connectLimitKey{}).(time.Duration)
	if !ok {
		limit = time.Second
	}
	return l.dialer.dial(ctx, limit, proxyline.Ends{}) // for checks, and for HTTP/2, which has none
}

func (l *stdLink) use() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.users++
}

func (l *stdLink) done() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.users--
	l.shut()
}

// open is how many connections there are.
func (l *stdLink) open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

// retire closes the connections as soon as nobody uses them.
func (l *stdLink) retire() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.retired = true
	l.shut()
}

// shut closes all connections if their time is over. mu is held.
func (l *stdLink) shut() {
	if !l.retired || l.users > 0 {
		return
	}
	for c := range l.conns {
		_ = c.Conn.Close() // nothing is under way on it
	}
	clear(l.conns)
}

// track notes a connection until it is closed.
func (l *stdLink) track(conn net.Conn) net.Conn {
	c := &stdConn{Conn: conn, link: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = struct{}{}
	l.shut() // a dial may outlive the attempt that asked for it
	return c
}

// stdConn is a connection that its link knows of.
type stdConn struct {
	net.Conn
	link *stdLink
}

func (c *stdConn) Close() error {
	c.link.mu.Lock()
	delete(c.link.conns, c)
	c.link.mu.Unlock()
	return c.Conn.Close()
}
