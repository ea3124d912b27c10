package http1

import (
	"context"
	"crypto/tls"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// ServerOptions say how a Server treats its clients. The zero value of each
// limit is none, but for MaxHead and MaxLines.
type ServerOptions struct {
	// Handler answers the requests. See Server for what it may keep.
	Handler http.Handler
	// Base is the parent of every request's context: its end, with its cause,
	// ends them all. nil: the background.
	Base context.Context

	// Header is the time for a request's head: from its first byte, and on a
	// new connection from ServeConn, to its end. Who is slower gets a 408.
	Header time.Duration
	// Idle is how long a connection stays without a request.
	Idle time.Duration
	// Write is the time for each write, where the handler has set no deadline
	// of its own, and for refusals.
	Write time.Duration

	// MaxHead bounds the request line with the header lines, in bytes; 0: 64 KiB.
	// A longer request line gets a 414, a longer head a 431.
	MaxHead int
	// MaxLines bounds the number of header lines; 0: 256. More get a 431.
	MaxLines int

	// Refused hears of every request that was answered with an error instead of
	// being handled, on the connection's goroutine; may be nil.
	Refused func(*Refused)
	// Panicked hears of every panic of the handler but [http.ErrAbortHandler];
	// may be nil. The client's connection is cut in either case.
	Panicked func(v any, stack []byte)
	// Closing: while it reports true, every answer says "Connection: close" and
	// is the connection's last; may be nil. It is called often.
	Closing func() bool
}

// Refused is a request that never reached the handler. What could not be read
// of it is empty; the strings are as the client sent them, with any byte but
// CR and LF.
type Refused struct {
	Err    error // what was wrong with it
	Status int   // of the answer
	Began  time.Time
	Remote net.Addr
	TLS    *tls.ConnectionState

	Method, Target, Host, Proto, UserAgent string

	BytesOut int64 // of the answer's body
}

// Server answers HTTP/1.1 and HTTP/1.0 requests over connections that it is
// given. It never listens itself. Make it with NewServer; all methods may be
// called by any goroutine.
//
// The Request with its Header, URL and context, and the ResponseWriter, are
// valid only until the handler returns: they are used again for another
// request. The strings in them stay valid. Of a body, a Read that is under way
// when the handler returns, or comes later, fails.
//
// The request's meaning is that of net/http, with these differences: what may
// be read in two ways is refused (see docs/design.md); announced trailers
// alone are delivered; "Pragma: no-cache" adds no Cache-Control. The answer's
// Content-Type is never guessed; its framing is ours alone, whatever
// Transfer-Encoding the handler has set; a 304 keeps its Content-Type and
// Content-Length. The ResponseWriter is always full duplex.
type Server struct {
	o      ServerOptions
	date   serverDate
	unsure time.Duration // unsureTime; tests have others

	turns   sync.Pool // of *serverTurn
	buffers sync.Pool // of *serverBuffers
	copies  sync.Pool // of *[copySize]byte

	closing atomic.Bool // Shutdown or Close was called

	// connMu guards conns and empty.
	connMu sync.Mutex
	conns  map[*serverConn]struct{}
	empty  chan struct{} // closed when there is no connection left; nil: nobody waits
}

// NewServer returns a server that waits for connections.
func NewServer(o ServerOptions) *Server {
	if o.Base == nil {
		o.Base = context.Background()
	}
	if o.MaxHead <= 0 {
		o.MaxHead = maxHead
	}
	if o.MaxLines <= 0 {
		o.MaxLines = maxLines
	}
	return &Server{o: o, unsure: unsureTime, conns: make(map[*serverConn]struct{})}
}

// ServeConn answers the requests on nc, on the caller's goroutine, until the
// connection ends. It closes nc, unless a handler has hijacked it. state is
// that of a [tls.Conn] whose handshake is done; nil without TLS.
//
// A connection that has a descriptor ([syscall.Conn]), or is a [tls.Conn] over
// one that [NewConn] has made, is waited for without holding a buffer.
func (s *Server) ServeConn(nc net.Conn, state *tls.ConnectionState) {
	c := newServerConn(s, nc, state)
	if !s.add(c) {
		_ = nc.Close() // nobody was promised anything
		return
	}
	defer s.remove(c)
	c.serve()
}

// add reports whether the connection may be served.
func (s *Server) add(c *serverConn) bool {
	s.connMu.Lock()
	defer s.connMu.Unlock()
	if s.closing.Load() {
		return false
	}
	s.conns[c] = struct{}{}
	return true
}

func (s *Server) remove(c *serverConn) {
	s.connMu.Lock()
	defer s.connMu.Unlock()
	delete(s.conns, c)
	if len(s.conns) == 0 && s.empty != nil {
		close(s.empty)
		s.empty = nil
	}
}

// Shutdown closes idle connections at once and the others after the request
// that is under way, and waits for them. When ctx ends first, it returns its
// error, and they go on. Hijacked connections are not waited for.
func (s *Server) Shutdown(ctx context.Context) error {
	empty := s.stop(func(c *serverConn) { c.endIdle() })
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close cuts every connection, whatever is going on there. It does not wait
// for the handlers.
func (s *Server) Close() error {
	s.stop(func(c *serverConn) { c.cut() })
	return nil
}

// stop admits no further connection, tells those that there are, and returns
// what is closed once there is none.
func (s *Server) stop(tell func(*serverConn)) <-chan struct{} {
	s.connMu.Lock()
	s.closing.Store(true)
	conns := slices.Collect(maps.Keys(s.conns))
	s.connMu.Unlock()
	for _, c := range conns { // which may take a while, where TLS says goodbye
		tell(c)
	}
	s.connMu.Lock()
	defer s.connMu.Unlock()
	if len(s.conns) == 0 {
		none := make(chan struct{})
		close(none)
		return none
	}
	if s.empty == nil {
		s.empty = make(chan struct{})
	}
	return s.empty
}

// ends reports whether this answer must be the last of its connection.
func (s *Server) ends() bool {
	return s.closing.Load() || s.o.Closing != nil && s.o.Closing()
}
