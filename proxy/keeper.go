package proxy

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"sterling/backend"
	"sterling/internal/config"
	"sterling/internal/handover"
	"sterling/internal/state"
)

// stateFile is the file's name in the state folder.
const stateFile = "state.json"

// saveEvery is how often health that changes by itself is saved at most, and
// how often drains are looked at whose patience has ended.
const saveEvery = time.Second

// forgetEvery is how many of those times go by between two looks for visitors
// that have gone idle.
const forgetEvery = 30

var errDetached = errors.New("another process has taken over")

// keeper keeps the state file. It has one goroutine, from start to close.
type keeper struct {
	server *Server
	path   string

	wake chan struct{} // something has changed by itself
	stop chan struct{}
	done sync.WaitGroup

	// saveMu is held while the file is written. It guards what follows.
	saveMu   sync.Mutex
	detached bool
	failing  bool // the last attempt in the background has failed, which was logged
}

func newKeeper(s *Server, cfg *config.Config) *keeper {
	return &keeper{
		server: s, path: filepath.Join(cfg.State.Dir, stateFile),
		wake: make(chan struct{}, 1), stop: make(chan struct{}),
	}
}

// changed has the file saved soon. It never blocks.
func (k *keeper) changed() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

func (k *keeper) start() { k.done.Go(k.run) }

// close saves for the last time.
func (k *keeper) close() {
	close(k.stop)
	k.done.Wait()
	k.background()
}

func (k *keeper) run() {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-k.stop:
			return
		case now := <-tick.C:
			if n%forgetEvery == 0 {
				k.server.forgetIdle(now)
			}
			k.server.endPatience(now)
			select {
			case <-k.wake:
				k.background()
			default:
			}
		}
	}
}

// background saves where nobody waits for the outcome.
func (k *keeper) background() {
	err := k.save()
	k.saveMu.Lock()
	again := k.failing
	k.failing = err != nil && !errors.Is(err, errDetached)
	report := k.failing && !again
	k.saveMu.Unlock()
	if report {
		k.server.log.Error().Err(err).Msg("health, drains and weights are not kept for a restart")
	}
}

// save writes the file. When it returns nil, all is on disk.
func (k *keeper) save() error {
	k.saveMu.Lock()
	defer k.saveMu.Unlock()
	if k.detached {
		return errDetached
	}
	if err := os.MkdirAll(filepath.Dir(k.path), 0o700); err != nil {
		return fmt.Errorf("making the state folder: %w", err)
	}
	return state.Save(k.path, k.server.keep())
}

// attach ends the time in which another process keeps the file.
func (k *keeper) attach() {
	k.saveMu.Lock()
	k.detached = false
	k.saveMu.Unlock()
	k.changed()
}

func (k *keeper) detach() {
	k.saveMu.Lock()
	defer k.saveMu.Unlock()
	k.detached = true
}

// keep collects what is to be kept.
func (s *Server) keep() state.File {
	snap := s.snapshot.Load()
	f := state.File{Saved: time.Now().UTC(), Pools: make(map[string]state.Pool, len(snap.byName))}
	for name, p := range snap.byName {
		kept := make(state.Pool, len(p.cfg.Backends))
		for i, m := range p.Members() {
			st := m.Status()
			b := state.Backend{
				URL: m.URL().String(), Health: st.State.String(), Reason: st.Reason, Since: st.Since.UTC(),
				Word: keptOrder(st.Word),
			}
			if st.Order.By == backend.ByOperator {
				b.Order = keptOrder(st.Order)
			}
			if configured := p.cfg.Backends[i].Weight; m.Weight() != configured {
				b.Weight = &state.Weight{Given: m.Weight(), Configured: configured}
			}
			kept[m.Name()] = b
		}
		f.Pools[name] = kept
	}
	return f
}

// keptOrder is an order in the state's terms; nil: there is none.
func keptOrder(o backend.Order) *state.Order {
	if o.Duty == backend.Serving {
		return nil
	}
	return &state.Order{
		Duty: o.Duty.String(), Mode: string(o.Mode), Quiet: state.Duration(o.Quiet),
		Since: o.Since.UTC(), Until: o.Until.UTC(),
	}
}

// recall reads what an earlier process kept. A file that is damaged, or cannot be
// read, is reported, and ends nothing.
func (s *Server) recall(cfg *config.Config) (f state.File, ok bool) {
	f, err := state.Load(filepath.Join(cfg.State.Dir, stateFile))
	if err != nil {
		s.log.Error().Err(err).Msg("state")
	}
	return f, err == nil
}

// takeOverState puts in force what the process before this one was told after
// this one had begun.
func (s *Server) takeOverState() {
	if s.keeper == nil {
		return
	}
	s.reloadMu.Lock()
	defer s.reloadMu.Unlock()
	defer s.keeper.attach()
	snap := s.snapshot.Load()
	f, ok := s.recall(snap.cfg)
	if !ok {
		return // what was read before is the best guess
	}
	s.follows(snap, f.Pools)
	weights := keptWeights(f).under(snap.cfg)
	if maps.Equal(weights, s.weights) {
		return
	}
	if _, err := s.exchangeWeighed(snap.cfg, weights, false); err != nil {
		s.log.Error().Err(err).Msg("taking over the weights of the process before")
	}
}

// restore gives the backends of a snapshot what was kept of them.
func (s *Server) restore(snap *snapshot, f state.File) {
	for name, p := range snap.byName {
		for _, m := range p.Members() {
			b, ok := f.Pools[name][m.Name()]
			if !ok {
				continue
			}
			if o, ok := order(b.Order); ok {
				m.Give(o)
			}
			// Another address is another machine, of which nothing is known.
			if b.URL != m.URL().String() {
				continue
			}
			if word, ok := order(b.Word); ok {
				m.RestoreWord(word)
			}
			m.Restore(health(b.Health), b.Reason, b.Since)
		}
	}
}

func order(o *state.Order) (backend.Order, bool) {
	if o == nil {
		return backend.Order{}, false
	}
	out := backend.Order{Since: o.Since, Until: o.Until, Mode: backend.DrainMode(o.Mode), Quiet: time.Duration(o.Quiet)}
	switch o.Duty {
	case backend.Draining.String():
		out.Duty = backend.Draining
	case backend.Disabled.String():
		out.Duty = backend.Disabled
	default:
		return out, false
	}
	return out, true
}

func health(word string) backend.State {
	for _, s := range []backend.State{backend.Up, backend.Down} {
		if s.String() == word {
			return s
		}
	}
	return backend.Unproven
}

// forgetIdle keeps the tables of visitors small.
func (s *Server) forgetIdle(now time.Time) {
	for _, p := range s.snapshot.Load().byName {
		p.counters.census.Forget(now)
	}
}

// borrowed reports whether there are sockets among them that another process
// still serves. It keeps the state file until Own.
func borrowed(sockets []handover.Socket) bool {
	return slices.ContainsFunc(sockets, func(s handover.Socket) bool { return s.Name != "" })
}
