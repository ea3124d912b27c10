// Package admin is the side door of a running front door: probes for whoever
// watches the process, its status, and the reload of its configuration.
//
// Start with [Start], which binds one address and serves it until
// [Server.Close]; [NewHandler] is the same without a socket. [Client] speaks to
// either kind of address. All of them may be used by any goroutine.
//
// The package never listens beyond loopback without a token, never answers a
// request that a web page of another origin sent, and never says more about an
// error than its caller may know.
package admin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"sterling/internal/handover"
)

// The limits of an admin connection. Its clients are probes and operators;
// the longest answer is that of a reload, which may have to read many files.
const (
	headTimeout   = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 2 * time.Minute
	idleTimeout   = time.Minute
	maxHeadBytes  = 16 << 10
	closeDeadline = 2 * time.Second
)

// Options are what a Server serves, and where.
type Options struct {
	// Address is host:port, or unix:/path for a socket that only its owner
	// may use. It must not be empty.
	Address string
	// Inherited is a socket bound to Address that another process passed, which
	// Start closes, having taken a copy; nil: Start binds it.
	Inherited *os.File
	// Later has Start bind only: requests wait in the kernel until Own.
	Later bool
	// Token, when set, must come with every request but the probes, as
	// "Authorization: Bearer TOKEN". Without one only a loopback address or a
	// Unix socket is accepted.
	Token string
	// Door is the front door that is spoken of.
	Door Door
	// Reload reads the configuration again. A [*Refusal] that it returns is
	// passed to the client as it is; any other error is not shown.
	Reload Reload
}

// Server serves the admin API at one address. Its methods are for one goroutine
// at a time.
type Server struct {
	http    *http.Server
	ln      net.Listener
	serving sync.WaitGroup
	later   bool // it is not served before Own
	left    bool // the socket is another process's
	places  places
}

// Start binds the address and serves it, unless that is to come later, on a
// goroutine of its own until Close.
func Start(o Options) (*Server, error) {
	at, err := parseAddress(o.Address)
	if err != nil {
		return nil, err
	}
	if o.Token == "" && !at.private() {
		return nil, fmt.Errorf("admin address %s can be reached from other machines; set [admin] token, or listen on 127.0.0.1 or unix:/path", o.Address)
	}
	ln, err := at.open(o.Inherited)
	if err != nil {
		return nil, err
	}
	s := &Server{ln: ln, later: o.Later}
	s.http = &http.Server{
		Handler:           s.places.noting(NewHandler(o)),
		ReadHeaderTimeout: headTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeadBytes,
		ConnContext:       s.places.take,
		ConnState:         s.ended,
	}
	if !s.later {
		s.serve()
	}
	return s, nil
}

func (s *Server) serve() {
	s.serving.Go(func() {
		// It always ends with http.ErrServerClosed, which Close asked for, or
		// with the listener's end, after which nobody can be answered anyway.
		_ = s.http.Serve(s.ln)
	})
}

// Addr is the address that was bound.
func (s *Server) Addr() net.Addr { return s.ln.Addr() }

// Own says that the process before this one has given the socket up: it is served
// from now on, and a Unix socket is removed by Close.
func (s *Server) Own() {
	s.unlinks(true)
	if s.later {
		s.later = false
		s.serve()
	}
}

func (s *Server) unlinks(does bool) {
	if u, ok := s.ln.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(does)
	}
}

// File returns a copy of the listening socket, for a process that is to take
// over. The caller closes it.
func (s *Server) File() (*os.File, error) {
	c, ok := s.ln.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return handover.File(c, "admin")
}

// Leave gives the socket up to another process that was passed it: when it
// returns, nothing more is accepted, and the socket will not be removed. Requests
// under way go on until Close.
func (s *Server) Leave() {
	s.left = true
	s.unlinks(false)
	s.http.SetKeepAlivesEnabled(false)
	_ = s.ln.Close() // the other process has its own
	s.serving.Wait()
}

func (s *Server) ended(c net.Conn, now http.ConnState) {
	if now == http.StateClosed {
		s.places.give(c)
	}
}

// letGo waits until no connection is left, or ctx ends. [http.Server.Shutdown]
// would drop a request of which it has not read the head.
func (s *Server) letGo(ctx context.Context) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for s.places.count() > 0 {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Close stops listening, lets requests end for a moment, cuts what is left, and
// waits. A Unix socket is removed, unless it was inherited and is not owned.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeDeadline)
	defer cancel()
	if s.left {
		s.letGo(ctx)
	}
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	s.serving.Wait()
	_ = s.ln.Close() // it may never have been served
	return err
}
