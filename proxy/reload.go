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
	p := compile(cfg, s.stand(cfg)...)
	if err := p.problems.Err(); err != nil {
		return Report{}, err
	}
	next, err := s.build(p, old.generation+1)
	if err != nil {
		return Report{}, err
	}
	report := Report{Generation: next.generation}
	next.pending = s.pending(p.doors, next)
	if tell {
		report.Changes, report.Restart, report.Kept = changes(old, next), slices.Clone(next.pending), next.staying()
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
