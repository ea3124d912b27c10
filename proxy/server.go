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
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"sterling/backend"
	"sterling/internal/accesslog"
	"sterling/internal/acme"
	"sterling/internal/config"
	"sterling/internal/handover"
	proxytls "sterling/tls"
)

// Options are what a Server needs beside its configuration.
type Options struct {
	// Log is the process log. The zero Logger writes nowhere.
	Log zerolog.Logger
	// Version is shown in the status.
	Version string
	// Inherited are sockets that were passed to this process. Listen uses those
	// that fit a listener, and the Server owns them all from New on, unless New
	// fails.
	Inherited []handover.Socket
	// Links lead to the old processes of earlier upgrades. The Server owns them
	// as it does Inherited.
	Links []*handover.Link
}

// Server is one running front door. Make it with New.
type Server struct {
	log     zerolog.Logger
	version string
	started time.Time
	begun   *config.Config // what it was started with

	base   context.Context // of every request; cancelled when the shutdown cuts what is left
	cutOff context.CancelCauseFunc

	access       *accesslog.Log
	backends     *backend.Set
	certificates proxytls.Store
	tlsConfig    *tls.Config
	tickets      *proxytls.Tickets
	connections  *connectionLimits
	doors        []*door
	tunnels      tunnels
	inherited    []handover.Socket // after Listen: those that no listener uses

	snapshot atomic.Pointer[snapshot]
	news     news
	active   atomic.Int64 // requests under way
	// droppedRules counts header rules whose value could not stand in a header.
	droppedRules atomic.Uint64
	refusals     refusals
	filesFault   atomic.Pointer[string] // why changed certificates are not taken up; nil or "": they are
	bound        atomic.Bool
	serving      atomic.Bool
	ending       atomic.Bool // a shutdown has begun
	told         atomic.Bool // the shutdown has told the tunnels to go
	detached     atomic.Bool // orders are for another process
	ended        chan struct{}

	keeper *keeper
	elders *elders
	// follow is this process's side of the link to the one that has taken over;
	// nil: none has. Written by Follow, before the shutdown that ends it.
	follow *follower
	watch  *certificateWatch
	acme   *acme.Manager // nil: no certificates are ordered

	publishMu sync.Mutex // held while certificates is replaced

	// reloadMu admits one reload, and one order, at a time. It guards what
	// follows.
	reloadMu  sync.Mutex
	counters  map[string]*poolCounters       // by pool name
	weights   weights                        // set by hand
	impatient map[*backend.Backend]time.Time // drains whose end was told to tunnels, by that end

	shutdownOnce sync.Once
}

// New builds a front door. The error is a [config.Problems] when the
// configuration is at fault. The caller ends what New started with Shutdown,
// also when Listen or Serve fail.
func New(cfg *config.Config, opts Options) (*Server, error) {
	p := compile(cfg)
	if err := p.problems.Err(); err != nil {
		return nil, err
	}
	s := &Server{
		log: opts.Log, version: opts.Version, started: time.Now(), begun: cfg,
		connections: newConnectionLimits(cfg.Limits.Connections, cfg.Limits.ConnectionsPerAddress),
		counters:    make(map[string]*poolCounters),
		ended:       make(chan struct{}),
		inherited:   opts.Inherited,
	}
	s.base, s.cutOff = context.WithCancelCause(context.Background())
	s.tickets = proxytls.NewTickets(ticketsPath(cfg))
	var err error
	if s.acme, err = s.newManager(p); err != nil {
		return nil, err
	}
	s.tlsConfig = s.certificates.ServerConfig(proxytls.Options{
		MinVersion: cfg.TLS.MinVersion, Suites: cfg.TLS.Suites, Curves: cfg.TLS.Curves,
		ECH:     func() []tls.EncryptedClientHelloKey { return s.snapshot.Load().ech },
		Tickets: s.tickets, Keeper: s.keeperOf(), Clients: func() *proxytls.Clients { return s.snapshot.Load().clients },
		Refused: func(err error) { s.refusedCertificate(err.Error()) },
	})
	s.keeper = newKeeper(s, cfg)
	s.elders = newElders(s, opts.Links)
	s.backends = backend.NewSet(backend.SetOptions{OnEvent: s.event, Descriptors: &s.connections.descriptors.backends})
	s.connections.descriptors.giveUpIdle = s.backends.GiveUpIdle
	was, _ := s.recall(cfg)
	s.weights = keptWeights(was).under(cfg)
	snap, err := s.build(p, 1)
	if err != nil {
		s.backends.Close()
		return nil, err
	}
	s.access, err = accesslog.Open(accesslog.Options{
		Output: cfg.AccessLog.Output, Format: cfg.AccessLog.Format,
		Formats: cfg.AccessLog.Formats, Queue: cfg.AccessLog.Queue,
		OnError: func(err error) { s.log.Error().Err(err).Msg("access log") },
	})
	if err != nil {
		s.backends.Close()
		return nil, config.Problems{cfg.Problem("access_log.output", err.Error(), "")}
	}
	s.restore(snap, was)
	s.snapshot.Store(snap)
	s.publishCertificates()
	for _, l := range cfg.Listeners {
		s.doors = append(s.doors, newDoor(s, l))
	}
	s.keeper.detached = borrowed(opts.Inherited)
	s.keeper.start()
	s.watch = newCertificateWatch(s)
	s.watch.start()
	return s, nil
}

// Listen binds every listener, or takes the socket that was passed for it; on
// failure it binds none. The error is a [*BindError], which
// names the listener, its address and what to change.
func (s *Server) Listen() error {
	passed := s.heirs()
	for i, d := range s.doors {
		if err := d.listen(passed[d]); err != nil {
			for _, bound := range s.doors[:i] {
				_ = bound.listener.Close()
			}
			var b *BindError
			if errors.As(err, &b) {
				b.Listener = d.name
			}
			return err
		}
	}
	s.bound.Store(true)
	return nil
}

// Addr is the address that the named listener is bound to; nil before Listen.
func (s *Server) Addr(listener string) net.Addr {
	for _, d := range s.doors {
		if d.called() == listener && d.listener != nil {
			return d.listener.Addr()
		}
	}
	return nil
}

// Serve starts the health checks and accepts connections. It returns nil once
// Shutdown has ended, or the first listener's error.
func (s *Server) Serve() error {
	s.serving.Store(true)
	s.snapshot.Load().pools.Start()
	if s.acme != nil {
		s.acme.Start()
	}
	failed := make(chan error, len(s.doors))
	for _, d := range s.doors {
		s.log.Info().Str("listener", d.name).Str("address", d.listener.Addr().String()).
			Str("protocol", d.cfg.Protocol).Msg("listening")
		go func() { failed <- d.serve() }() // Shutdown waits for its end
	}
	for range s.doors {
		if err := <-failed; err != nil {
			return err
		}
	}
	<-s.ended
	return nil
}

// Ready reports whether new connections are welcome: every listener is bound
// and no shutdown has begun.
func (s *Server) Ready() bool { return s.bound.Load() && !s.ending.Load() }

// ReopenLogs opens the access log's file anew, after a rotation. On failure
// the old file stays in use.
func (s *Server) ReopenLogs() error { return s.access.Reopen() }

// stopping reports whether tunnels that open now have missed the word to go.
func (s *Server) stopping() bool { return s.told.Load() }
