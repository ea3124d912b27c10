package backend

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"sync"
	"time"
)

// sweepEvery is how often idle connections are looked through, and outliers for.
const sweepEvery = time.Second

// Set owns every backend of the process and finds them again from one
// configuration to the next.
type Set struct {
	options SetOptions
	events  events
	stop    chan struct{}
	done    sync.WaitGroup

	starting sync.Mutex // held while checkers are started or stopped; taken before mu

	mu       sync.Mutex // guards what follows
	closed   bool
	backends map[identity]*Backend
	pools    map[string]*shared
}

// NewSet returns an empty set. Close it.
func NewSet(options SetOptions) *Set {
	s := &Set{
		options:  options,
		stop:     make(chan struct{}),
		backends: make(map[identity]*Backend),
		pools:    make(map[string]*shared),
	}
	s.events.callback = s.told
	s.done.Go(s.sweep)
	return s
}

// told is called for each event, outside of all locks.
func (s *Set) told(e Event) {
	if e.Kind != IdleCloseLearned {
		e.about.requeue()
	}
	if s.options.OnEvent != nil {
		s.options.OnEvent(e)
	}
}

// Close ends all checks, closes idle connections, and waits for what ran in
// the background. Attempts in flight belong to their callers, and go on.
func (s *Set) Close() {
	s.starting.Lock()
	defer s.starting.Unlock()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	close(s.stop)
	backends := s.list()
	s.mu.Unlock()
	for _, b := range backends {
		b.retire()
	}
	s.done.Wait()
}

// Build makes the pools of a configuration. Backends that the set has already
// are reused; new ones are made, unproven and not yet checked. Nothing that
// runs is touched until [Pools.Start]. All faults are joined into the error,
// and then nothing is kept. Each Pools must be retired in the end.
func (s *Set) Build(options []PoolOptions) (*Pools, error) {
	if err := validate(options); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.New("the set of backends is closed")
	}
	pools := &Pools{set: s, byName: make(map[string]*Pool, len(options))}
	for _, o := range options {
		p := s.build(o)
		pools.all = append(pools.all, p)
		pools.byName[o.Name] = p
	}
	return pools, nil
}

// build makes one pool. mu is held.
func (s *Set) build(o PoolOptions) *Pool {
	p := &Pool{
		name:      o.Name,
		tryAll:    o.TryAll,
		queue:     o.Queue,
		slowStart: o.SlowStart,
		check:     o.Check.withDefaults(),
		byName:    make(map[string]*Member, len(o.Backends)),
		shared:    s.share(o.Name),
	}
	if o.Protocol == "" {
		o.Protocol = H1
	}
	for i, mo := range o.Backends {
		m := &Member{
			Backend:     s.find(o, mo, p.shared),
			pool:        p,
			index:       i,
			weight:      mo.Weight,
			priority:    mo.Priority,
			maxInFlight: int64(mo.MaxInFlight),
			maxIdle:     o.MaxIdle,
			reuseForAll: o.ReuseForAll,
			timeouts:    o.Timeouts.withDefaults(),
		}
		if m.maxIdle == 0 {
			m.maxIdle = defaultMaxIdle
		}
		p.members = append(p.members, m)
		p.byName[mo.Name] = m
	}
	if o.Outliers != nil {
		p.outliers = o.Outliers.withDefaults()
	}
	if o.Policy == "" {
		o.Policy = LeastRequests
	}
	p.groups = grouped(p.members, policies[o.Policy])
	return p
}

// share returns what the pool of that name keeps across reloads. mu is held.
func (s *Set) share(name string) *shared {
	sh := s.pools[name]
	if sh == nil {
		sh = &shared{name: name, budget: newBudget()}
		s.pools[name] = sh
	}
	sh.refs++
	return sh
}

// find returns the backend that is meant, an old one or a new. mu is held.
func (s *Set) find(o PoolOptions, mo MemberOptions, sh *shared) *Backend {
	id := identity{pool: o.Name, name: mo.Name, url: mo.URL.String(), protocol: o.Protocol, line: o.ProxyLine}
	if mo.URL.Scheme == "https" {
		id.tls = o.TLSIdentity
	}
	b := s.backends[id]
	if b == nil {
		b = s.make(id, o, mo.URL, sh)
		for other, before := range s.backends {
			if other.pool == id.pool && other.name == id.name {
				b.inherit(before)
			}
		}
		s.backends[id] = b
	}
	b.refs++
	return b
}

func (s *Set) make(id identity, o PoolOptions, u *url.URL, sh *shared) *Backend {
	next := "http/1.1"
	if id.protocol == H2 {
		next = "h2"
	}
	dial := newDialer(u, s.options.Resolver, o.TLS, next)
	dial.line = id.line
	checks := *dial
	dial.descriptors = s.options.Descriptors // checks are a matter of the reserve
	b := &Backend{identity: id, url: u, shared: sh, events: &s.events, probeDial: &checks}
	b.health = newHealth(b.changed)
	if id.protocol == H1 {
		b.transport = newH1(dial, b.learned)
	} else {
		b.transport = newH2(dial, id.protocol, o.Timeouts.withDefaults().Idle)
	}
	return b
}

// sweep closes idle connections whose time is over, and looks for outliers,
// until the set is closed.
func (s *Set) sweep() {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case now := <-tick.C:
			s.mu.Lock()
			backends, pools := s.list(), slices.Collect(maps.Values(s.pools))
			s.mu.Unlock()
			for _, b := range backends {
				b.transport.sweep(now)
			}
			for _, p := range pools {
				p.judge(now)
			}
			s.events.deliver()
		}
	}
}

// list returns the backends. mu is held.
func (s *Set) list() []*Backend {
	all := make([]*Backend, 0, len(s.backends))
	for _, b := range s.backends {
		all = append(all, b)
	}
	return all
}

// validate returns every fault of the options.
func validate(options []PoolOptions) error {
	var faults []error
	names := make(map[string]bool)
	for _, o := range options {
		if names[o.Name] {
			faults = append(faults, fmt.Errorf("pool %q: there are two of that name", o.Name))
		}
		names[o.Name] = true
		faults = append(faults, o.validate()...)
	}
	return errors.Join(faults...)
}
