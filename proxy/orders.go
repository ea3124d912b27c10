package proxy

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"sterling/backend"
	"sterling/internal/config"
	"sterling/internal/state"
)

// DrainOptions say how a backend is drained.
type DrainOptions struct {
	Mode  string        // keep, when-idle (or when_idle) or now; "": keep
	Quiet time.Duration // of the mode when-idle; 0: five minutes
	// Timeout is when known visitors move, too, whatever the mode, and upgraded
	// connections are told to go; 0: never.
	Timeout time.Duration
	Force   bool // also the last one that new visitors can be given
}

// OrderError says why an order was not carried out. Nothing has changed then,
// unless Kind is NotKept.
type OrderError struct {
	Kind          OrderErrorKind
	Problem, Hint string
}

// Error is the problem.
func (e *OrderError) Error() string { return e.Problem }

// OrderErrorKind tells OrderErrors apart.
type OrderErrorKind int

// The kinds of OrderError.
const (
	UnknownBackend     OrderErrorKind = iota // there is no such pool, or backend in it
	LastBackend                              // new visitors could go nowhere
	BadOrder                                 // a parameter is wrong
	NotKept                                  // it is in force, but could not be written down
	Stopping                                 // the process stops
	UnknownCertificate                       // none is ordered for such a name
	AuthorityRefuses                         // it does not do what it was asked
)

// maxWeight is the largest weight, as in the configuration.
const maxWeight = 1000

// Drain has a backend take no new visitors; known ones stay or go as o says.
// Checks go on. When it returns without error, the order is on disk. Other
// errors than an [*OrderError] do not come.
func (s *Server) Drain(pool, name string, o DrainOptions) (BackendStatus, error) {
	mode := backend.DrainMode(strings.ReplaceAll(o.Mode, "-", "_"))
	switch {
	case mode != "" && mode != backend.Keep && mode != backend.WhenIdle && mode != backend.Now:
		return BackendStatus{}, &OrderError{BadOrder, fmt.Sprintf("unknown mode %q", o.Mode), "use keep, when-idle or now"}
	case o.Quiet < 0 || o.Timeout < 0:
		return BackendStatus{}, &OrderError{BadOrder, "a time cannot be negative", "use a duration such as 30m"}
	case o.Quiet > 0 && mode != backend.WhenIdle:
		return BackendStatus{}, &OrderError{BadOrder, "quiet belongs to the mode when-idle", "leave it out, or use --mode when-idle"}
	}
	order := backend.Order{Duty: backend.Draining, Mode: mode, Quiet: o.Quiet, Since: time.Now()}
	if o.Timeout > 0 {
		order.Until = order.Since.Add(o.Timeout)
	}
	return s.give(place{pool, name}, order, o.Force)
}

// Disable has a backend take nobody at all. Its checks go on, and requests under
// way end as they would. Otherwise it is as Drain.
func (s *Server) Disable(pool, name string, force bool) (BackendStatus, error) {
	return s.give(place{pool, name}, backend.Order{Duty: backend.Disabled, Since: time.Now()}, force)
}

// Enable takes back what Drain or Disable have ordered. Otherwise it is as Drain.
func (s *Server) Enable(pool, name string) (BackendStatus, error) {
	return s.give(place{pool, name}, backend.Order{}, true)
}

func (s *Server) give(at place, o backend.Order, force bool) (BackendStatus, error) {
	s.reloadMu.Lock()
	defer s.reloadMu.Unlock()
	p, m, err := s.find(at)
	if err != nil {
		return BackendStatus{}, err
	}
	if !force {
		if err := s.last(p, m, "force it"); err != nil {
			return BackendStatus{}, err
		}
	}
	s.elders.ordered()
	s.order(m, o)
	return s.kept(at)
}

// order puts an order in force, and tells the tunnels that it does not leave.
func (s *Server) order(m *backend.Member, o backend.Order) {
	m.Give(o)
	if o.Duty == backend.Disabled || o.Mode == backend.Now {
		s.emptyTunnels(m)
	}
}

// find expects reloadMu to be held.
func (s *Server) find(at place) (*pool, *backend.Member, error) {
	switch {
	case s.detached.Load():
		return nil, nil, &OrderError{Stopping, "another process has taken over", "order it again"}
	case s.ending.Load():
		return nil, nil, &OrderError{Stopping, "the process is stopping", "order it when another one has started"}
	}
	snap := s.snapshot.Load()
	p := snap.byName[at.pool]
	if p == nil {
		return nil, nil, &OrderError{UnknownBackend, fmt.Sprintf("there is no pool %q", at.pool), "pools: " + list(snap.cfg.Pools, poolName)}
	}
	m := p.Pinned(at.backend)
	if m == nil {
		return nil, nil, &OrderError{
			UnknownBackend, fmt.Sprintf("pool %q has no backend %q", at.pool, at.backend), "its backends: " + list(p.cfg.Backends, backendName),
		}
	}
	return p, m, nil
}

func poolName(p config.Pool) string       { return p.Name }
func backendName(b config.Backend) string { return b.Name }

// list names the first of all.
func list[T any](all []T, name func(T) string) string {
	const most = 20
	out := ""
	for i, v := range all {
		if i == most {
			return out + " …"
		}
		if i > 0 {
			out += " "
		}
		out += name(v)
	}
	return out
}

// last reports that m is the last of its pool that a new visitor can be given:
// now, or, where it gets none because it is down or asks for its own drain, by
// what is ordered and weighed. That will hold when m is back.
func (s *Server) last(p *pool, m *backend.Member, how string) error {
	if !inService(m) {
		return nil // it takes none as it is
	}
	takes := inService
	if m.Takes(backend.Visitor{}) {
		takes = func(m *backend.Member) bool { return m.Takes(backend.Visitor{}) }
	}
	for _, other := range p.Members() {
		if other != m && takes(other) {
			return nil
		}
	}
	return &OrderError{
		LastBackend, fmt.Sprintf("%s is the last of pool %q that takes new visitors", m.Name(), p.cfg.Name),
		"bring another one up first, or " + how,
	}
}

// inService reports whether nobody has taken m out, whatever its health.
func inService(m *backend.Member) bool {
	return m.Weight() > 0 && m.Order().By != backend.ByOperator
}

// kept writes the state down and returns what has become of the backend.
// reloadMu is held.
func (s *Server) kept(at place) (BackendStatus, error) {
	p := s.snapshot.Load().byName[at.pool]
	st := s.backendStatus(p, p.Pinned(at.backend))
	if err := s.keeper.save(); err != nil {
		return st, &OrderError{NotKept, "it is in force, but not kept for a restart: " + err.Error(), "see to the [state] folder, and order it again"}
	}
	return st, nil
}

// SetWeight gives a backend another weight, until the configuration has another
// one than now. 0 lets it have no new visitors. Otherwise it is as Drain.
func (s *Server) SetWeight(pool, name string, weight int, force bool) (BackendStatus, error) {
	at := place{pool, name}
	s.reloadMu.Lock()
	defer s.reloadMu.Unlock()
	p, m, err := s.find(at)
	switch {
	case err != nil:
		return BackendStatus{}, err
	case weight < 0 || weight > maxWeight:
		return BackendStatus{}, &OrderError{BadOrder, "a weight is from 0 to " + strconv.Itoa(maxWeight), "give a number in that range"}
	case weight == 0 && !force:
		if err := s.last(p, m, "force it"); err != nil {
			return BackendStatus{}, err
		}
	}
	s.elders.ordered()
	next := maps.Clone(s.weights)
	for _, b := range p.cfg.Backends {
		if b.Name == name {
			next[at] = state.Weight{Given: weight, Configured: b.Weight}
		}
	}
	if _, err := s.exchangeWeighed(s.snapshot.Load().cfg, next, false); err != nil {
		return BackendStatus{}, &OrderError{BadOrder, "the weight cannot be put in force: " + err.Error(), "mend what the configuration names, and reload"}
	}
	s.log.Info().Str("pool", pool).Str("backend", name).Int("from", m.Weight()).Int("to", weight).Msg("backend weight changed")
	return s.kept(at)
}

// emptyTunnels tells the upgraded connections of a backend to go.
func (s *Server) emptyTunnels(m *backend.Member) {
	told := s.tunnels.goAway("the server is being taken out of service", func(x *exchange) bool { return x.winner.Backend == m.Backend })
	if told > 0 {
		s.log.Info().Str("pool", m.Pool().Name()).Str("backend", m.Name()).Int("connections", told).Msg("upgraded connections told to go")
	}
}

// endPatience tells the upgraded connections of drains that have waited for long
// enough. Each is told once.
func (s *Server) endPatience(now time.Time) {
	s.reloadMu.Lock()
	defer s.reloadMu.Unlock()
	for _, p := range s.snapshot.Load().byName {
		for _, m := range p.Members() {
			until := m.Order().Until
			if until.IsZero() || now.Before(until) || s.impatient[m.Backend].Equal(until) {
				continue
			}
			if s.impatient == nil {
				s.impatient = make(map[*backend.Backend]time.Time)
			}
			s.impatient[m.Backend] = until
			s.log.Info().Str("pool", m.Pool().Name()).Str("backend", m.Name()).Msg("the drain has waited for long enough: known visitors move")
			s.emptyTunnels(m)
		}
	}
	for b := range s.impatient {
		if b.Order().Until.IsZero() {
			delete(s.impatient, b)
		}
	}
}

// staying says of each backend that a reload leaves as it was ordered.
func (s *snapshot) staying() []string {
	var lines []string
	for _, c := range s.cfg.Pools {
		for i, m := range s.byName[c.Name].Members() {
			at := place{c.Name, m.Name()}
			if o := m.Order(); o.Duty != backend.Serving {
				lines = append(lines, fmt.Sprintf("%s stays %s", at, o.Duty))
			}
			if m.State() == backend.Down {
				lines = append(lines, at.String()+" stays down")
			}
			if w := c.Backends[i].Weight; w != m.Weight() {
				lines = append(lines, fmt.Sprintf("%s keeps its weight %d, which was set by hand (configured: %d)", at, m.Weight(), w))
			}
		}
	}
	return lines
}
