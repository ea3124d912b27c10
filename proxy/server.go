// Package proxy is the front door itself: its listeners and their life, the
// one path of a request, and the snapshot of routes and pools behind it.
//
// Start with [New], then [Server.Listen], then [Server.Serve]; end it with
// [Server.Shutdown]. All methods of a Server may be called by any goroutine.
//
// A Server keeps three lifetimes apart. Sockets, certificates, logs and
// backends live as long as the process. Routes, pools and affinities are one
// immutable snapshot behind an atomic pointer, exchanged whole by
// [Server.Reload]. Everything else belongs to one request.
//
// The package never reads the configuration file: it is given one that was
// decoded, and reports what it finds wrong as [config.Problems].
package proxy

import (
	"context"
	"errors"
	"net"

	"github.com/rs/zerolog"

	"sterling/internal/config"
)

// Options are what a Server needs beside its configuration.
type Options struct {
	// Log is the process log. The zero Logger writes nowhere.
	Log zerolog.Logger
	// Version is shown in the status.
	Version string
}

// Server is one running front door.
type Server struct{}

// Check builds everything that cfg describes without starting it, contacts
// nobody, and returns what it found: routes that cannot be told apart or never
// match, header templates, certificates, key files.
func Check(cfg *config.Config) config.Problems { return nil }

// New builds a front door. The error is a [config.Problems] when the
// configuration is at fault.
func New(cfg *config.Config, opts Options) (*Server, error) {
	return nil, errors.New("not built")
}

// Listen binds every listener, or none. The error names the listener, its
// address and what to change.
func (s *Server) Listen() error { return nil }

// Addr is the address that the named listener is bound to; nil before Listen.
func (s *Server) Addr(listener string) net.Addr { return nil }

// Serve accepts connections until Shutdown has ended, then returns nil.
func (s *Server) Serve() error { return nil }

// Reload replaces the configuration. A failure leaves the old one serving.
func (s *Server) Reload(cfg *config.Config) (Report, error) { return Report{}, nil }

// Shutdown drains as the configuration's [shutdown] table says. When ctx ends
// first, what is still open is cut at once.
func (s *Server) Shutdown(ctx context.Context) error { return nil }

// ReopenLogs opens the access log's file anew, after a rotation.
func (s *Server) ReopenLogs() error { return nil }

// Ready reports whether new connections are welcome: every listener is bound
// and no shutdown has begun.
func (s *Server) Ready() bool { return false }

// Status describes the front door at this moment.
func (s *Server) Status() Status { return Status{} }
