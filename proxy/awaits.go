package proxy

import (
	"time"

	"sterling/backend"
)

// awaits says what m, which was taken out of service and has neither requests nor
// known visitors, is not safe to stop for, and until when, unless a visitor comes:
// the zero time is not known. "" is nothing of that kind. The order and the status
// are m's.
func (s *Server) awaits(p *pool, m *backend.Member, o backend.Order, st *BackendStatus) (what string, until time.Time) {
	out := m.Weight() == 0 || o.Duty == backend.Draining
	if st.SafeToStop || !out || movesAll(o) || st.InFlight > 0 || st.Queued > 0 || st.Tunnels > 0 || st.Sessions == nil || *st.Sessions > 0 {
		return "", time.Time{}
	}
	now, idle := time.Now(), p.cfg.Affinity.Idle
	later := func(at time.Time, why string) {
		if at.After(now) && at.After(until) {
			what, until = why, at
		}
	}
	later(p.places[m.Name()].LastAssigned().Add(min(firstReturn, idle)), "somebody who was just sent there to come back")
	later(p.counters.census.Since().Add(idle), "visitors who came before they were counted, and may come back")
	open, gone := s.elders.left()
	if !gone.IsZero() {
		later(gone.Add(idle), "visitors whom an old process has served, and who may come back")
	}
	if open {
		what, until = "an old process to end, and its visitors to be idle", time.Time{}
	}
	if what != "" && !o.Until.IsZero() && (until.IsZero() || o.Until.Before(until)) {
		until = o.Until // then they move
	}
	return what, until
}

// left reports whether an old process is left, and when the last one that has
// ended did; zero: none has.
func (e *elders) left() (open bool, gone time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.all) > 0, e.lastGone
}
