package http2

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// ServerOptions say how a Server treats its clients. The zero value of a time
// is no limit.
type ServerOptions struct {
	// Handler answers the requests. See Server for what it may keep.
	Handler http.Handler
	// Base is the parent of every request's context: its end, with its cause,
	// ends them all. nil: the background.
	Base context.Context

	// Header is the time for the connection preface, and for each header block
	// from its first frame to its last.
	Header time.Duration
	// Idle is how long a connection stays without a request.
	Idle time.Duration
	// Write is how long the client may take to take 16 KiB of the output.
	// Whoever is slower loses the connection. It also bounds how long the rest
	// of an answer waits for flow control once the handler has returned, where
	// that has set no deadline.
	Write time.Duration

	// MaxHead bounds a request's header list, in bytes as RFC 9113, section
	// 6.5.2, counts them: 32 and the name and the value of each field. 0: 64 KiB.
	// A larger one gets a 431.
	MaxHead int
	// MaxLines bounds the number of fields, pseudo-header fields included and
	// each piece of a cookie counted; 0: 256. More get a 431.
	MaxLines int
	// MaxStreams bounds the requests under way on one connection; 0: 128. What
	// comes beyond it is refused, for the client to try again.
	MaxStreams uint32

	// Refused hears of every request that was answered with an error or reset
	// instead of being handled, but for those beyond MaxStreams; on the
	// connection's goroutine. May be nil.
	Refused func(*Refused)
	// Panicked hears of every panic of the handler but [http.ErrAbortHandler];
	// may be nil. The stream is reset in either case.
	Panicked func(v any, stack []byte)
	// Failed hears of every connection that was ended because of what its
	// client did or failed to do; may be nil. Clients that just leave, and idle
	// ones, are not reported.
	Failed func(remote net.Addr, err error)
	// Closing: when it reports true, connections are ended as by GoAway; may be
	// nil. It is called for every connection and request.
	Closing func() bool
}

const (
	defaultMaxHead    = 64 << 10
	defaultMaxLines   = 256
	defaultMaxStreams = 128
)

// Refused is a request that never reached the handler. What could not be read
// of it is empty. The strings are as the client sent them: any byte is possible.
type Refused struct {
	Err    error // what was wrong with it
	Status int   // of the answer; 0: the stream was reset
	Began  time.Time
	Remote net.Addr
	TLS    *tls.ConnectionState

	Method, Target, Host, Proto, UserAgent string

	BytesOut int64 // of the answer's body
}

// Server answers HTTP/2 requests over connections that it is given. It never
// listens itself. Make it with NewServer; all methods may be called by any
// goroutine.
//
// The Request with its Header, URL and context, and the ResponseWriter, are
// valid only until the handler returns: they are used again for another
// request. The strings in them stay valid. Of a body, a Read that is under way
// when the handler returns, or comes later, fails. A request that had a body,
// or whose context was asked for Done, is not used again.
//
// The request's context has a method Poll() error beside those of
// [context.Context]. It returns nil, or why the work is to end, and costs
// nothing; whoever waits in a loop of its own had better ask it than Done.
//
// The request's meaning is that of net/http, with these differences: malformed
// requests are reset, also where net/http answers 400 (RFC 9113, section
// 8.1.1); Request.TLS does not depend on :scheme. Of the answer: its
// Content-Type is never guessed; fields that speak of the connection are left
// out. The ResponseWriter is always full duplex and implements [http.Flusher],
// [io.StringWriter], [io.ReaderFrom] and what [http.ResponseController] asks
// for, but for hijacking. A write deadline hits only a write that waits when it
// passes, and a read deadline only a read.
type Server struct {
	o       ServerOptions
	dates   dates
	workers workers
	streams sync.Pool   // of *stream
	forget  func() bool // ends the watch over Base

	closing atomic.Bool // Shutdown or Close was called

	// connMu guards conns and empty.
	connMu sync.Mutex
	conns  map[*conn]struct{}
	empty  chan struct{} // closed when there is no connection left; nil: nobody waits
}

// NewServer returns a server that waits for connections.
func NewServer(o ServerOptions) *Server {
	if o.Base == nil {
		o.Base = context.Background()
	}
	if o.MaxHead <= 0 {
		o.MaxHead = defaultMaxHead
	}
	if o.MaxLines <= 0 {
		o.MaxLines = defaultMaxLines
	}
	if o.MaxStreams == 0 {
		o.MaxStreams = defaultMaxStreams
	}
	s := &Server{o: o, conns: make(map[*conn]struct{})}
	s.forget = context.AfterFunc(o.Base, s.baseEnded)
	return s
}

// ServeConn answers the requests on nc until the connection ends, and closes
// it. It runs on the caller's goroutine and waits for the handlers. state is
// that of a [tls.Conn] whose handshake is done; nil without TLS.
func (s *Server) ServeConn(nc net.Conn, state *tls.ConnectionState) {
	c := newConn(s, nc, state)
	if !s.add(c) {
		_ = nc.Close() // nobody was promised anything
		return
	}
	defer s.remove(c)
	c.serve()
}

// add reports whether the connection may be served.
func (s *Server) add(c *conn) bool {
	s.connMu.Lock()
	defer s.connMu.Unlock()
	if s.closing.Load() {
		return false
	}
	s.conns[c] = struct{}{}
	return true
}

func (s *Server) remove(c *conn) {
	s.connMu.Lock()
	defer s.connMu.Unlock()
	delete(s.conns, c)
	if len(s.conns) == 0 && s.empty != nil {
		close(s.empty)
		s.empty = nil
	}
}

// each calls f for every connection.
func (s *Server) each(f func(*conn)) {
	s.connMu.Lock()
	conns := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	s.connMu.Unlock()
	for _, c := range conns {
		f(c)
	}
}

// GoAway asks the clients of all connections to take new requests elsewhere
// (RFC 9113, section 6.8). Requests that are on their way are still answered:
// a connection says which was the last only when its client has seen the first
// word, or a second has passed, and ends when all are answered. GoAway does
// not wait.
func (s *Server) GoAway() { s.each((*conn).goAway) }

// Shutdown is GoAway, takes no new connections, and waits for those there are.
// When ctx ends first, it returns its error, and they go on.
func (s *Server) Shutdown(ctx context.Context) error {
	s.connMu.Lock()
	s.closing.Store(true)
	var empty chan struct{}
	if len(s.conns) > 0 {
		if s.empty == nil {
			s.empty = make(chan struct{})
		}
		empty = s.empty
	}
	s.connMu.Unlock()
	s.GoAway()
	if empty != nil {
		select {
		case <-empty:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.rest()
	return nil
}

// Close closes all connections, and takes no new ones. It does not wait for
// their handlers.
func (s *Server) Close() error {
	s.connMu.Lock()
	s.closing.Store(true)
	s.connMu.Unlock()
	s.each((*conn).cut)
	s.rest()
	return nil
}

// rest lets go of what outlives connections.
func (s *Server) rest() {
	s.forget()
	s.workers.close()
}

// baseEnded tells the requests under way.
func (s *Server) baseEnded() {
	cause := context.Cause(s.o.Base)
	s.each(func(c *conn) {
		for _, st := range c.hold() {
			st.ctx.end(cause)
		}
	})
}

func (s *Server) panicked(v any) {
	if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		return
	}
	if s.o.Panicked != nil {
		s.o.Panicked(v, debug.Stack())
	}
}
