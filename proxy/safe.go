package proxy

import (
	"time"

	"sterling/backend"
)

// safe reports whether m, with that order and status, can be stopped. Health
// alone never makes it so: who is down may be back before it is stopped.
// counted is false where visitors may have been counted by an old process.
func (p *pool) safe(m *backend.Member, o backend.Order, st *BackendStatus, counted bool) bool {
	switch {
	case st.InFlight > 0 || st.Queued > 0 || st.Tunnels > 0:
		return false
	case o.Duty == backend.Disabled:
		return true // nobody is sent there, whatever becomes of the others
	case o.Duty == backend.Serving && m.Weight() > 0:
		return false // nobody has taken it out
	}
	deserted := p.deserted(m, st, counted)
	if deserted && (m.Weight() == 0 || o.By == backend.ByOperator) {
		return true
	}
	// One that asks for its own drain is given new visitors while no other takes
	// them, and those who are to leave stay as long as they could go nowhere.
	return (deserted || movesAll(o)) && p.Spares(m)
}

// firstReturn is how long somebody who has got his first cookie is waited for. A
// browser is back within seconds, a robot never.
const firstReturn = time.Minute

// deserted reports whether m is known to have no visitors left.
func (p *pool) deserted(m *backend.Member, st *BackendStatus, counted bool) bool {
	if st.Sessions == nil {
		return true
	}
	now := time.Now()
	return counted && *st.Sessions == 0 && st.SessionsExact && p.counters.census.Complete(now) &&
		now.Sub(p.places[m.Name()].LastAssigned()) >= min(firstReturn, p.cfg.Affinity.Idle)
}

// movesAll reports whether no known visitor stays where there is another backend.
func movesAll(o backend.Order) bool {
	return o.Duty == backend.Draining && (o.Mode == backend.Now || !o.Until.IsZero() && !time.Now().Before(o.Until))
}
