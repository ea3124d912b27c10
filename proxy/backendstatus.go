package proxy

import (
	"time"

	"sterling/backend"
)

// BackendStatus is one backend of a pool.
type BackendStatus struct {
	Name     string    `json:"name"`
	URL      string    `json:"url"`
	State    string    `json:"state"`  // disabled | draining, else up | down | unproven
	Health   string    `json:"health"` // up | down | unproven, whatever was ordered
	Reason   string    `json:"reason"` // why it is in this state
	Since    time.Time `json:"since"`  // of the state
	Weight   int       `json:"weight"`
	InFlight int64     `json:"in_flight"` // requests, tunnels among them
	Queued   int       `json:"queued"`    // requests that wait for a place here alone
	Tunnels  int       `json:"tunnels"`   // upgraded connections
	// Sessions are the visitors that were seen within affinity.idle and are
	// pinned here; null where visitors are not pinned.
	Sessions *int64 `json:"sessions"`
	// SessionsSince: visitors who were not heard of since then are not counted,
	// as after a restart; SessionsExact: else Sessions is an estimate, because
	// there are more than a hundred thousand, or were a while ago.
	SessionsSince *time.Time `json:"sessions_since"`
	SessionsExact bool       `json:"sessions_exact"`
	// SafeToStop: it was taken out of service, nothing is under way, and by all
	// that is known nobody would be sent to it next. See docs/operations.md.
	SafeToStop bool `json:"safe_to_stop"`
	// Awaits is what one that was taken out and has no visitors is not safe to stop
	// for; "": nothing, or what the numbers say. AwaitsUntil is when that is over,
	// unless a visitor comes; null: not known.
	Awaits      string     `json:"awaits"`
	AwaitsUntil *time.Time `json:"awaits_until"`

	Requests  uint64 `json:"requests"`
	Failures  uint64 `json:"failures"`
	Hedged    uint64 `json:"hedged"`    // attempts given up because another backend, asked beside, was faster
	Suspected uint64 `json:"suspected"` // attempts that stayed silent for longer than is usual

	Order   *OrderStatus    `json:"order"`   // null: none, it serves
	Ejected *EjectionStatus `json:"ejected"` // null: it is not
	// Share is the part of its share of new visitors that it gets while it
	// starts slowly; 1: all of it.
	Share float64 `json:"share"`
}

// OrderStatus is what an operator, or the backend itself, has asked for.
type OrderStatus struct {
	Duty  string     `json:"duty"`            // draining | disabled
	Mode  string     `json:"mode,omitempty"`  // of a drain: keep | when_idle | now
	Quiet string     `json:"quiet,omitempty"` // of when_idle: a visitor silent for that long moves
	Since time.Time  `json:"since"`
	Until *time.Time `json:"until"` // when known visitors move, too; null: never
	By    string     `json:"by"`    // operator | backend
}

// EjectionStatus is the time that an outlier is given no visitors.
type EjectionStatus struct {
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
}

// backendStatus describes a member of p.
func (s *Server) backendStatus(p *pool, m *backend.Member) BackendStatus {
	b := m.Status()
	st := BackendStatus{
		Name: m.Name(), URL: m.URL().String(), State: b.State.String(), Health: b.State.String(),
		Reason: b.Reason, Since: b.Since.UTC(), Weight: m.Weight(), InFlight: b.InFlight,
		Queued: b.Queued, Tunnels: s.tunnels.of(m.Backend),
		Sessions: p.sessions(m),
		Requests: b.Counters.Requests, Failures: b.Counters.Failures,
		Hedged: b.Counters.Hedged, Suspected: b.Counters.Suspected, Share: b.Ramp,
	}
	if o := b.Order; o.Duty != backend.Serving {
		st.State, st.Since, st.Order = o.Duty.String(), o.Since.UTC(), orderStatus(o)
		st.Reason = "ordered by the " + o.By
	}
	if e := b.Ejected; e != nil {
		st.Ejected = &EjectionStatus{Reason: e.Reason, Since: e.Since.UTC(), Until: e.Until.UTC()}
	}
	if st.Sessions != nil {
		since := p.counters.census.Since().UTC()
		st.SessionsSince, st.SessionsExact = &since, p.counters.census.Exact()
	}
	settled := s.elders.weigh(&st, p)
	st.SafeToStop = settled && p.safe(m, b.Order, &st, !s.elders.served(p.cfg.Affinity.Idle))
	what, until := s.awaits(p, m, b.Order, &st)
	if st.Awaits = what; !until.IsZero() {
		until = until.UTC()
		st.AwaitsUntil = &until
	}
	return st
}

func orderStatus(o backend.Order) *OrderStatus {
	st := &OrderStatus{Duty: o.Duty.String(), Mode: string(o.Mode), Since: o.Since.UTC(), By: o.By}
	if o.Quiet > 0 {
		st.Quiet = o.Quiet.String()
	}
	if !o.Until.IsZero() {
		until := o.Until.UTC()
		st.Until = &until
	}
	return st
}
