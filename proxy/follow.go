package proxy

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sterling/backend"
	"sterling/internal/config"
	"sterling/internal/handover"
	"sterling/internal/state"
)

// reportEvery is how often an old process looks whether there is news.
const reportEvery = 100 * time.Millisecond

// follower lets an old process do what the one that serves is told, and tell it
// what is under way here.
type follower struct {
	server *Server
	link   *handover.Link
	lost   chan struct{} // closed when the process that serves has ended unasked
	stop   chan struct{}
	talks  sync.WaitGroup
	serial atomic.Int64 // of the instructions in force

	deaf bool // what is heard does nothing any more; guarded by Server.reloadMu
}

// Follow begins to follow the process that has taken over, and those that take
// over from it, until ShutdownHandedOver has ended. It comes after Detach, once,
// and the Server owns the link from here on. What it returns is closed when
// there is nobody to follow any more, though nobody has told that process to
// stop.
func (s *Server) Follow(link *handover.Link) (lost <-chan struct{}) {
	f := &follower{server: s, link: link, lost: make(chan struct{}), stop: make(chan struct{})}
	s.follow = f
	f.talks.Go(f.hear)
	f.talks.Go(f.tell)
	return f.lost
}

func (f *follower) hear() {
	for leaving := false; ; {
		var in instructions
		if f.link.Receive(&in) != nil {
			select {
			case <-f.stop:
			default:
				if !leaving {
					close(f.lost)
				}
			}
			return
		}
		leaving = in.Leaving
		if f.obey(in.Pools) {
			f.serial.Store(in.Serial)
		}
	}
}

// tell reports what has changed. A serial is told one turn after the orders came
// into force: what had chosen a backend before that has begun there by now, and
// is counted.
func (f *follower) tell() {
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	var last report
	for first, before := true, int64(0); ; {
		serial := f.serial.Load()
		now := report{Serial: before, Loads: f.server.loads()}
		before = serial
		if first || now.Serial != last.Serial || !slices.Equal(now.Loads, last.Loads) {
			if f.link.Send(now) != nil {
				return // hear sees the end
			}
			first, last = false, now
		}
		select {
		case <-f.stop:
			return
		case <-tick.C:
		}
	}
}

// deafen lets nothing more be changed. A nil follower has nothing to do.
func (f *follower) deafen() {
	if f == nil {
		return
	}
	f.server.reloadMu.Lock()
	defer f.server.reloadMu.Unlock()
	f.deaf = true
}

// close tells nobody anything any more, which says that nothing is left here,
// and waits.
func (f *follower) close() {
	if f == nil {
		return
	}
	close(f.stop)
	f.link.Close()
	f.talks.Wait()
}

// obey puts in force what the process that serves was told, and reports whether
// that could be done.
func (f *follower) obey(pools map[string]state.Pool) bool {
	s := f.server
	s.reloadMu.Lock()
	defer s.reloadMu.Unlock()
	if f.deaf {
		return false
	}
	snap := s.snapshot.Load()
	s.follows(snap, pools)
	given := givenWeights(snap.cfg, pools)
	if maps.Equal(given, s.weights) {
		return true
	}
	if _, err := s.exchangeWeighed(snap.cfg, given, false); err != nil {
		s.log.Error().Err(err).Msg("following the process that has taken over")
		return false
	}
	return true
}

// follows puts orders in force that another process was given, where they differ
// from those here. reloadMu is held.
func (s *Server) follows(snap *snapshot, pools map[string]state.Pool) {
	for name, p := range snap.byName {
		for _, m := range p.Members() {
			o, _ := order(pools[name][m.Name()].Order)
			if now := m.Order(); now.Duty == o.Duty && now.Since.Equal(o.Since) || o.Duty == backend.Serving && now.By != backend.ByOperator {
				continue
			}
			s.order(m, o)
		}
	}
}

// givenWeights are those that another process was given by hand, over what is
// configured here.
func givenWeights(cfg *config.Config, pools map[string]state.Pool) weights {
	out := make(weights)
	for _, p := range cfg.Pools {
		for _, b := range p.Backends {
			if w := pools[p.Name][b.Name].Weight; w != nil {
				out[place{p.Name, b.Name}] = state.Weight{Given: w.Given, Configured: b.Weight}
			}
		}
	}
	return out
}

// loads is what is under way here.
func (s *Server) loads() []load {
	tunnels := s.tunnels.byBackend()
	snap := s.snapshot.Load()
	var out []load
	for _, c := range snap.cfg.Pools {
		for _, m := range snap.byName[c.Name].Members() {
			if l := (load{c.Name, m.Name(), m.InFlight(), tunnels[m.Backend]}); l.InFlight > 0 || l.Tunnels > 0 {
				out = append(out, l)
			}
		}
	}
	return out
}
