package backend

import "time"

// Pools are all pools of one configuration. They never change.
type Pools struct {
	set     *Set
	all     []*Pool
	byName  map[string]*Pool
	retired bool // guarded by Set.mu
}

// Pool returns the pool of that name; nil if there is none.
func (p *Pools) Pool(name string) *Pool { return p.byName[name] }

// All returns the pools in the order of the configuration. The slice must not
// be changed.
func (p *Pools) All() []*Pool { return p.all }

// Start checks the backends by this configuration from now on: a new one at
// once; one whose check settings differ anew, with its state kept; the others
// go on undisturbed.
func (p *Pools) Start() {
	defer p.set.events.deliver()
	p.set.starting.Lock()
	defer p.set.starting.Unlock()
	if p.set.isClosed() {
		return
	}
	for _, pool := range p.all {
		pool.shared.current.Store(pool)
		pool.watchOutliers(time.Now())
		for _, m := range pool.members {
			m.startChecks(pool.check)
		}
	}
}

// startChecks sees that b is checked by rule. Set.starting is held.
func (b *Backend) startChecks(rule CheckOptions) {
	if b.checker != nil {
		if b.checker.rule == rule {
			return
		}
		b.checker.stop()
	}
	if rule.Kind != CheckHTTP {
		b.hears(time.Now(), "") // nobody asks it any more
	}
	b.checker = startChecker(b.health, rule, checks{b.prober(rule).probe, b.checked, b.late})
}

// Retire gives up this configuration's backends. One that no other Pools name
// ends its checks and closes its idle connections; requests at it go on to
// their end, and even new ones are still forwarded. Retiring again does nothing.
func (p *Pools) Retire() {
	p.set.starting.Lock()
	defer p.set.starting.Unlock()
	for _, b := range p.release() {
		b.retire()
	}
}

// release gives up the references and returns the backends nobody names now.
func (p *Pools) release() []*Backend {
	p.set.mu.Lock()
	defer p.set.mu.Unlock()
	if p.retired {
		return nil
	}
	p.retired = true
	var unnamed []*Backend
	for _, pool := range p.all {
		for _, m := range pool.members {
			if m.refs--; m.refs == 0 {
				delete(p.set.backends, m.identity)
				unnamed = append(unnamed, m.Backend)
			}
		}
		if pool.shared.refs--; pool.shared.refs == 0 {
			delete(p.set.pools, pool.name)
		}
	}
	return unnamed
}

func (s *Set) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}
