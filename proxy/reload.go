package proxy

import (
	"fmt"
	"reflect"
	"slices"

	"sterling/internal/config"
)

// Reload replaces the configuration: it builds everything that cfg describes,
// starts the checks of new backends, publishes the new snapshot, and retires
// the old one. Any failure leaves the old one serving. The error is a
// [config.Problems] when the configuration is at fault.
//
// Backends that stay keep their health, their counters and their idle
// connections. Upgraded connections stay if their route and their backend do,
// and are told to go otherwise.
func (s *Server) Reload(cfg *config.Config) (Report, error) {
	s.reloadMu.Lock()
	defer s.reloadMu.Unlock()
	if s.ending.Load() {
		return Report{}, errShutdown
	}
	s.elders.ordered()
	report, err := s.exchangeWeighed(cfg, s.weights.under(cfg), true)
	if err == nil {
		s.keeper.changed()
	}
	return report, err
}

// exchange puts a configuration in force. The report says what that changes, if
// it is asked for. reloadMu is held.
func (s *Server) exchange(cfg *config.Config, tell bool) (Report, error) {
	old := s.snapshot.Load()
	p := compile(cfg, s.listenerNames()...)
	if err := p.problems.Err(); err != nil {
		return Report{}, err
	}
	next, err := s.build(p, old.generation+1)
	if err != nil {
		return Report{}, err
	}
	next.adopt(old)
	report := Report{Generation: next.generation}
	if tell {
		report = compare(old.cfg, cfg)
		report.Generation, report.Kept = next.generation, next.staying()
	}

	next.pools.Start()
	s.snapshot.Store(next)
	next.pools.Requeue()
	s.news.tell()
	if s.acme != nil {
		s.acme.SetNames(p.names)
	}
	s.publishCertificates()
	for _, d := range s.doors {
		if d.listener != nil && d.listener.lines != nil {
			d.listener.lines.trust.Store(next.listeners[d.name].trust)
		}
	}
	old.pools.Retire()
	told := s.tunnels.goAway(reloaded, func(x *exchange) bool {
		return !next.keeps(x)
	})
	if told > 0 {
		report.Changes = append(report.Changes, fmt.Sprintf("%d upgraded connections told to go", told))
	}
	return report, nil
}

func (s *Server) listenerNames() []string {
	names := make([]string, len(s.doors))
	for i, d := range s.doors {
		names[i] = d.name
	}
	return names
}

// adopt keeps the rules of listeners that are no longer in the configuration:
// they go on until the restart.
func (s *snapshot) adopt(old *snapshot) {
	for name, rules := range old.listeners {
		if s.listeners[name] == nil {
			s.listeners[name] = rules
			s.redirects[name] = old.redirects[name]
		}
	}
}

// keeps reports whether the stream of an exchange that began under another
// snapshot may go on under this one.
func (s *snapshot) keeps(x *exchange) bool {
	for _, r := range s.routes {
		if r.cfg.Name != x.route.cfg.Name {
			continue
		}
		if !reflect.DeepEqual(r.cfg, x.route.cfg) {
			return false
		}
		m := r.pool.Pinned(x.winner.Name())
		return m != nil && m.URL().String() == x.winner.URL().String()
	}
	return false
}

// compare says in lines what a reload from old to cfg changes.
func compare(old, cfg *config.Config) Report {
	var r Report
	r.Changes = append(r.Changes, compareNamed("route", routesByName(old), routesByName(cfg))...)
	r.Changes = append(r.Changes, comparePools(old, cfg)...)
	if !reflect.DeepEqual(old.TLS, cfg.TLS) {
		r.Changes = append(r.Changes, "tls: changed")
	}
	restart := func(differs bool, what string) {
		if differs {
			r.Restart = append(r.Restart, what)
		}
	}
	restart(old.Log != cfg.Log, "log")
	restart(!reflect.DeepEqual(old.AccessLog, cfg.AccessLog), "access_log")
	restart(old.Admin != cfg.Admin, "admin")
	restart(old.State != cfg.State, "state")
	restart(old.Limits != cfg.Limits, "limits")
	restart(!reflect.DeepEqual(authority(old), authority(cfg)), "tls.acme")
	restart(old.TLS.MinVersion != cfg.TLS.MinVersion, "tls.min_version")
	restart(!slices.Equal(old.TLS.Suites, cfg.TLS.Suites), "tls.suites")
	restart(!slices.Equal(old.TLS.Curves, cfg.TLS.Curves), "tls.curves")
	before, after := listenersByName(old), listenersByName(cfg)
	for name, l := range after {
		was, ok := before[name]
		restart(!ok, "listener "+name+" (new)")
		restart(ok && boundOnce(was) != boundOnce(l), "listener "+name)
	}
	for name := range before {
		_, ok := after[name]
		restart(!ok, "listener "+name+" (removed)")
	}
	return r
}

// authority is the part of [tls.acme] that is fixed at the start; the names
// change with a reload.
func authority(cfg *config.Config) *config.ACME {
	if cfg.TLS.ACME == nil {
		return nil
	}
	a := *cfg.TLS.ACME
	a.Hosts = nil
	return &a
}

// boundOnce is the part of a listener that is fixed when it is bound.
func boundOnce(l config.Listener) any {
	return [...]any{l.Address, l.Protocol, l.Engine, l.Idle, l.HeaderTimeout, l.WriteIdle, l.MaxHeader, l.MaxHeaders, l.ProxyProtocol, l.HTTP3, l.HTTP3Port, l.EarlyData}
}

func comparePools(old, cfg *config.Config) []string {
	before, after := poolsByName(old), poolsByName(cfg)
	lines := compareNamed("pool", withoutBackends(before), withoutBackends(after))
	for _, p := range cfg.Pools {
		if was, ok := before[p.Name]; ok {
			lines = append(lines, compareNamed("pool "+p.Name+": backend", backendsByName(was), backendsByName(p))...)
		}
	}
	return lines
}

func withoutBackends(pools map[string]config.Pool) map[string]config.Pool {
	out := make(map[string]config.Pool, len(pools))
	for name, p := range pools {
		p.Backends = nil
		out[name] = p
	}
	return out
}
