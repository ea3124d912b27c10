package proxy

import (
	"context"
	"errors"
	"sync"
	"time"

	"sterling/internal/config"
	"sterling/internal/handover"
)

// lastWords is how long the end of a request that was cut may take.
const lastWords = 500 * time.Millisecond

// errShutdown is the cause that requests are cut with at the shutdown's end.
var errShutdown = errors.New("the front door is shutting down")

// settlePoll is how often the shutdown looks whether what it waits for is done.
const settlePoll = 5 * time.Millisecond

// Shutdown drains as the configuration's [shutdown] table says, and returns
// when all is closed:
//
//  1. Ready turns false, and for shutdown.grace everything goes on.
//  2. The listeners take no new connection, hand out those that the kernel has
//     accepted, and close. From here on every answer carries "Connection:
//     close", and upgraded connections are told to go.
//  3. Idle connections stay for shutdown.idle_grace, because closing one races
//     with a request on its way to it; then they close.
//  4. Requests under way have until shutdown.timeout; then they are cut.
//
// When ctx ends first, it goes on to cutting at once. Only the first call does
// anything; later ones wait for it.
func (s *Server) Shutdown(ctx context.Context) error { return s.end(ctx, s.drain) }

// ShutdownHandedOver is Shutdown for a process whose sockets another one serves
// by now. There is no grace, what the kernel has accepted is left to the other,
// and idle connections stay for upgrade.idle_grace. Upgraded connections may stay
// until shutdown.timeout, and are told to go then; EndTunnels tells them earlier.
func (s *Server) ShutdownHandedOver(ctx context.Context) error { return s.end(ctx, s.drainHandedOver) }

func (s *Server) end(ctx context.Context, drain func(context.Context, *config.Config)) error {
	s.shutdownOnce.Do(func() {
		defer close(s.ended)
		cfg := s.snapshot.Load().cfg
		s.ending.Store(true)
		if s.serving.Load() {
			drain(ctx, cfg)
		}
		s.close()
	})
	<-s.ended
	return nil
}

func (s *Server) drain(ctx context.Context, cfg *config.Config) {
	if ctx.Err() == nil { // else serving has failed, and somebody must act
		s.elders.leave()
	}
	limits := cfg.Shutdown
	pause(ctx, limits.Grace)
	ctx, cancel := context.WithTimeout(ctx, limits.Timeout)
	defer cancel()
	s.closeListeners(ctx, (*listener).drain)
	s.EndTunnels()
	s.letIdleGo(ctx, limits.IdleGrace)
	s.letRequestsEnd(ctx)
}

// farewell is how long upgraded connections may take to go once they were told:
// a little more than tunnel.GoAway does.
const farewell = 3500 * time.Millisecond

func (s *Server) drainHandedOver(ctx context.Context, cfg *config.Config) {
	limited, cancel := context.WithTimeout(ctx, cfg.Shutdown.Timeout)
	defer cancel()
	s.closeListeners(limited, (*listener).leave)
	s.letIdleGo(limited, cfg.Upgrade.IdleGrace)
	s.letRequestsEnd(limited)
	s.EndTunnels()
	last, cancelLast := context.WithTimeout(ctx, farewell)
	defer cancelLast()
	waitFor(last, func() bool { return s.tunnels.count() == 0 })
}

// EndTunnels tells upgraded connections to go, also those that open from now
// on. It does not wait for them, and only the first call does anything.
func (s *Server) EndTunnels() {
	if s.told.Swap(true) {
		return
	}
	told := s.tunnels.goAway("the server is shutting down", func(*exchange) bool { return true })
	if told > 0 {
		s.log.Info().Int("connections", told).Msg("upgraded connections told to go")
	}
}

// close ends what is left.
func (s *Server) close() {
	s.watch.close()
	if s.acme != nil {
		s.acme.Close()
	}
	s.keeper.close() // before the checkers end
	s.follow.deafen()
	s.elders.end()
	s.cut()
	s.follow.close() // what was cut counted until now
	handover.Close(s.inherited)
	s.backends.Close()
	if err := s.access.Close(); err != nil {
		s.log.Error().Err(err).Msg("closing the access log")
	}
}

// closeListeners shuts the doors and waits until they are.
func (s *Server) closeListeners(ctx context.Context, shut func(*listener)) {
	for _, d := range s.doors {
		d.closing.Store(true)
		shut(d.listener)
	}
	for _, d := range s.doors {
		d.engine.goAway()
	}
	for _, d := range s.doors {
		select {
		case <-d.served:
		case <-ctx.Done():
			_ = d.listener.Close()
		}
	}
}

// letIdleGo gives clients that hold idle connections the chance to send what
// was already on its way.
func (s *Server) letIdleGo(ctx context.Context, grace time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	waitFor(ctx, func() bool {
		for _, d := range s.doors {
			if d.listener.open.Load() > 0 {
				return false
			}
		}
		return true
	})
}

// letRequestsEnd closes idle connections and waits for the others.
func (s *Server) letRequestsEnd(ctx context.Context) {
	var g sync.WaitGroup
	for _, d := range s.doors {
		// An error means that ctx has ended, which is seen below.
		g.Go(func() { _ = d.engine.Shutdown(ctx) })
	}
	g.Wait()
	waitFor(ctx, func() bool { return s.tunnels.count() == 0 })
}

// cut ends what is left, and waits for its goroutines: they end as soon as
// they notice, so this is bounded only against the unforeseen.
func (s *Server) cut() {
	s.cutOff(errShutdown)
	s.tunnels.cut()
	// Requests that have no answer yet get one, if their clients take it.
	if s.active.Load() > 0 {
		last, cancel := context.WithTimeout(context.Background(), lastWords)
		waitFor(last, func() bool { return s.active.Load() == 0 })
		pause(last, lastWords/10) // HTTP/2 writes on goroutines of its own
		cancel()
	}
	for _, d := range s.doors {
		_ = d.engine.Close()
		if d.listener != nil {
			_ = d.listener.Close()
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if !waitFor(ctx, func() bool { return s.active.Load() == 0 }) {
		s.log.Error().Int64("requests", s.active.Load()).Msg("requests did not end when they were cut")
	}
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// waitFor polls until done says so, or ctx ends; it reports which.
func waitFor(ctx context.Context, done func() bool) bool {
	tick := time.NewTicker(settlePoll)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return done()
		case <-tick.C:
		}
	}
	return true
}
