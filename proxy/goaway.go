package proxy

import (
	"crypto/tls"
	"net/http"
	"sync"

	"golang.org/x/net/http2"

	proxytls "sterling/tls"
)

// HTTP/2 connections end in two steps (RFC 9113, section 6.8). The first
// GOAWAY names the highest stream there could be: the client opens no more
// streams here, and none that is on its way is refused. Only when that has had
// time to arrive does the server below send its own, with the last stream it
// took up. The server of the standard library knows the second step alone, so
// the first is put between its frames here.

// serveHTTP2 takes HTTP/2 connections from the standard server and runs them
// over an http2Conn.
func (e *standard) serveHTTP2() error {
	server := &http2.Server{}                                       //nolint:staticcheck // the undeprecated way takes no connection of ours
	if err := http2.ConfigureServer(e.Server, server); err != nil { //nolint:staticcheck // as above
		return err
	}
	e.TLSNextProto[proxytls.ChallengeProtocol] = func(*http.Server, *tls.Conn, http.Handler) {} // all was said in the handshake
	e.TLSNextProto[http2.NextProtoTLS] = func(hs *http.Server, c *tls.Conn, h http.Handler) {
		wrapped := &http2Conn{Conn: c, reader: newHTTP2Reader(c)}
		e.http2.add(wrapped)
		defer e.http2.remove(wrapped)
		if e.door.draining() {
			wrapped.goAway()
		}
		//nolint:staticcheck // as above
		server.ServeConn(wrapped, &http2.ServeConnOpts{Context: e.door.server.base, Handler: h, BaseConfig: hs})
	}
	return nil
}

// http2Conns is the set of a door's HTTP/2 connections.
type http2Conns struct {
	// openMu guards open.
	openMu sync.Mutex
	open   map[*http2Conn]struct{}
}

func (s *http2Conns) add(c *http2Conn) {
	s.openMu.Lock()
	defer s.openMu.Unlock()
	if s.open == nil {
		s.open = make(map[*http2Conn]struct{})
	}
	s.open[c] = struct{}{}
}

func (s *http2Conns) remove(c *http2Conn) {
	s.openMu.Lock()
	defer s.openMu.Unlock()
	delete(s.open, c)
}

// goAway sends the first GOAWAY on all connections.
func (s *http2Conns) goAway() {
	s.openMu.Lock()
	conns := make([]*http2Conn, 0, len(s.open))
	for c := range s.open {
		conns = append(conns, c)
	}
	s.openMu.Unlock()
	for _, c := range conns {
		// One that its client does not read from must not hold up the others.
		go c.goAway()
	}
}

// firstGoAway is the frame: 8 bytes on stream 0, stream 2^31-1, NO_ERROR.
var firstGoAway = [...]byte{
	0, 0, 8, byte(http2.FrameGoAway), 0, 0, 0, 0, 0,
	0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0,
}

const frameHeader = 9 // bytes (RFC 9113, section 4.1)

// http2Conn is an HTTP/2 connection that knows where the frames end that are
// written to it, so that one of ours can be put between them.
type http2Conn struct {
	*tls.Conn
	reader *http2Reader

	// writeMu guards the rest, and the order of writes.
	writeMu sync.Mutex
	header  [frameHeader]byte
	have    int   // bytes of header that were written
	left    int   // bytes of the frame's payload that were not
	begun   bool  // a frame (the server's SETTINGS) has been written
	due     bool  // a GOAWAY waits for the end of a frame
	broken  error // writing it failed
}

// Read implements [net.Conn].
func (c *http2Conn) Read(p []byte) (int, error) { return c.reader.Read(p) }

// Write implements [net.Conn].
func (c *http2Conn) Write(p []byte) (int, error) {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	if c.broken != nil {
		return 0, c.broken
	}
	n, err := c.Conn.Write(p)
	c.follow(p[:n])
	if err == nil && c.due {
		c.put()
	}
	return n, err
}

// goAway sends the first GOAWAY at the next end of a frame.
func (c *http2Conn) goAway() {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	c.due = true
	c.put()
}

func (c *http2Conn) put() {
	if !c.begun || c.have > 0 || c.left > 0 {
		return
	}
	c.due = false
	_, c.broken = c.Conn.Write(firstGoAway[:])
}

// follow keeps track of frames over p, which has been written.
func (c *http2Conn) follow(p []byte) {
	for len(p) > 0 {
		if c.left > 0 {
			n := min(c.left, len(p))
			c.left -= n
			p = p[n:]
			continue
		}
		n := copy(c.header[c.have:], p)
		c.have += n
		p = p[n:]
		if c.have == frameHeader {
			c.left = int(c.header[0])<<16 | int(c.header[1])<<8 | int(c.header[2])
			c.have = 0
			c.begun = true
		}
	}
}
