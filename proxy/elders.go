package proxy

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sterling/internal/handover"
	"sterling/internal/state"
)

// lastInstructions is how long a process that ends waits for an old one to read
// that nothing is wrong.
const lastInstructions = time.Second

// elders are the old processes of earlier upgrades that have not ended: they
// are told what is ordered, and what is under way in them counts.
type elders struct {
	server  *Server
	links   []*handover.Link // as they were passed; not changed
	serial  atomic.Int64     // of the orders; changed with Server.reloadMu held
	leaving atomic.Bool
	telling sync.WaitGroup
	hearing sync.WaitGroup

	mu       sync.Mutex // guards what follows, and all elders
	all      []*elder   // that have not ended; nil before begin
	ended    bool       // nobody listens to them any more
	lastGone time.Time  // when the last one that has ended did; zero: none
}

// elder is one of them.
type elder struct {
	link *handover.Link
	wake chan struct{} // there is something to tell
	stop chan struct{} // tell it for the last time
	gone chan struct{} // nothing comes any more
	// What it has said last: the serial of the orders in force, and its loads.
	serial int64
	loads  map[place]load
}

func newElders(s *Server, links []*handover.Link) *elders { return &elders{server: s, links: links} }

// begin tells each what is ordered. It follows the moment from which on this
// process alone takes orders.
func (e *elders) begin() {
	e.serial.Store(time.Now().UnixNano())
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, l := range e.links {
		o := &elder{link: l, wake: make(chan struct{}, 1), stop: make(chan struct{}), gone: make(chan struct{})}
		o.wake <- struct{}{}
		e.all = append(e.all, o)
		e.telling.Go(func() { e.tell(o) })
		e.hearing.Go(func() { e.hear(o) })
	}
}

// ordered says that an order is about to change: until an old process has
// followed, nothing is safe. Server.reloadMu is held until it has changed.
func (e *elders) ordered() {
	e.serial.Add(1)
	e.wakeAll()
}

// leave says that this process was told to stop.
func (e *elders) leave() {
	e.leaving.Store(true)
	e.wakeAll()
}

func (e *elders) wakeAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, o := range e.all {
		select {
		case o.wake <- struct{}{}:
		default:
		}
	}
}

// tell sends what is ordered whenever it has changed. Only the last state
// counts, so that one that does not read costs no more than its goroutine.
func (e *elders) tell(o *elder) {
	for stopped := false; !stopped; {
		select {
		case <-o.gone:
			return
		case <-o.stop:
			stopped = true
		case <-o.wake:
		}
		if stopped && !e.leaving.Load() {
			return // who takes over tells it
		}
		if o.link.Send(e.server.instructions()) != nil {
			return // hear sees its end
		}
	}
}

// hear keeps what one says until it ends.
func (e *elders) hear(o *elder) {
	defer close(o.gone)
	for {
		var r report
		if o.link.Receive(&r) != nil {
			break
		}
		loads := make(map[place]load, len(r.Loads))
		for _, l := range r.Loads {
			loads[place{l.Pool, l.Backend}] = l
		}
		e.mu.Lock()
		o.serial, o.loads = r.Serial, loads
		e.mu.Unlock()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.ended {
		e.all = slices.DeleteFunc(e.all, func(other *elder) bool { return other == o })
		e.lastGone = time.Now()
	}
}

// end lets go of them, for the next process or for good, and waits.
func (e *elders) end() {
	e.mu.Lock()
	if !e.ended {
		for _, o := range e.all {
			o.link.Within(lastInstructions)
			close(o.stop)
		}
	}
	e.ended = true
	e.mu.Unlock()
	e.telling.Wait()
	for _, l := range e.links {
		l.Close()
	}
	e.hearing.Wait()
}

// instructions collects what is ordered.
func (s *Server) instructions() instructions {
	s.reloadMu.Lock() // an order that has begun is in it
	defer s.reloadMu.Unlock()
	out := instructions{Serial: s.elders.serial.Load(), Pools: make(map[string]state.Pool), Leaving: s.elders.leaving.Load()}
	for name, p := range s.keep().Pools {
		told := make(state.Pool)
		for backend, b := range p {
			if b.Order != nil || b.Weight != nil {
				told[backend] = b
			}
		}
		if len(told) > 0 {
			out.Pools[name] = told
		}
	}
	return out
}

// at is what is under way at a backend in old processes. settled is false where
// one of them may still send it new visitors, for it has not followed yet.
func (e *elders) at(where place) (inFlight int64, tunnels int, settled bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	settled = true
	for _, o := range e.all {
		settled = settled && o.serial == e.serial.Load()
		inFlight += o.loads[where].InFlight
		tunnels += o.loads[where].Tunnels
	}
	return inFlight, tunnels, settled
}

// served reports whether visitors that are not idle for d yet may have been
// served last by an old process, where they were counted.
func (e *elders) served(d time.Duration) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.all) > 0 || !e.lastGone.IsZero() && time.Since(e.lastGone) < d
}

// open are the links to them.
func (e *elders) open() []*handover.Link {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []*handover.Link
	for _, o := range e.all {
		out = append(out, o.link)
	}
	return out
}

// pids names them.
func (e *elders) pids() []int {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]int, 0, len(e.all))
	for _, o := range e.all {
		out = append(out, o.link.PID())
	}
	return out
}

// weigh adds what is under way in old processes to what is known of a backend
// here, and reports whether it can be stopped as far as they are concerned.
func (e *elders) weigh(st *BackendStatus, p *pool) bool {
	inFlight, tunnels, settled := e.at(place{p.cfg.Name, st.Name})
	st.InFlight += inFlight
	st.Tunnels += tunnels
	return settled && inFlight == 0 && tunnels == 0
}
