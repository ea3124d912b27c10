package backend

import (
	"fmt"
	"time"
)

// Ejection is the time that an outlier stays out of the choice.
type Ejection struct {
	Reason string // "5 gateway errors in a row", "60 % of 45 requests failed", "typically 2.1s to the first byte, 180ms in the pool"
	Errors bool   // for errors: known visitors move, too; else for its slowness
	Since  time.Time
	Until  time.Time
}

// record is how often a backend was ejected of late.
type record struct {
	count   int       // halves the time of the next ejection with each that is forgotten
	changed time.Time // when the last one ended, or was forgotten
}

// answeredWith counts the status of an answer.
func (m *Member) answeredWith(status int) {
	c := m.conduct.Load()
	switch {
	case c == nil:
	case gatewayError(status):
		m.erred()
	default:
		c.good()
	}
}

// erred counts a gateway error, and ejects on the last of too many in a row.
// Where that is not possible, the judge looks again.
func (b *Backend) erred() {
	c := b.conduct.Load()
	if c == nil {
		return
	}
	n, p := c.bad(), b.shared.current.Load()
	if p == nil || p.outliers == nil || n != p.outliers.Consecutive {
		return
	}
	b.shared.eject(b, Ejection{Reason: inARow(n), Errors: true, Since: time.Now()})
	b.events.deliver()
}

func inARow(n int) string { return fmt.Sprintf("%d gateway errors in a row", n) }

// eject takes b out of the choice, unless too many are out already.
func (s *shared) eject(b *Backend, e Ejection) {
	s.ejecting.Lock()
	defer s.ejecting.Unlock()
	p := s.current.Load()
	if p == nil || p.outliers == nil || b.State() == Down || !p.spares(b) {
		return
	}
	b.standing.mu.Lock()
	defer b.standing.mu.Unlock()
	if before := b.standing.ejection; before != nil && (before.Errors || !e.Errors) {
		return
	}
	r := &b.standing.record
	e.Until = e.Since.Add(p.outliers.term(r.count))
	r.count++
	b.standing.ejection = &e
	b.standing.weigh()
	told := b.event(Ejected)
	told.Reason, told.Since, told.Until = e.Reason, e.Since, e.Until
	b.events.post(told)
}

// spares reports whether the pool can do without b: half of it stays in, and
// somebody takes new visitors.
func (p *Pool) spares(b *Backend) bool {
	out, takers := 1, 0
	for _, m := range p.members {
		switch {
		case m.Backend == b:
		case m.standing.aside.Load()&asideEjected != 0:
			out++
		case m.State() == Up && m.Takes(Visitor{}):
			takers++
		}
	}
	return 2*out <= len(p.members) && takers > 0
}

// ejected returns b's ejection; nil: it is not.
func (b *Backend) ejected() *Ejection {
	if b.standing.aside.Load()&asideEjected == 0 {
		return nil
	}
	b.standing.mu.Lock()
	defer b.standing.mu.Unlock()
	if e := b.standing.ejection; e != nil {
		return new(*e)
	}
	return nil
}

// readmit ends an ejection whose time is over, or early. What was counted before
// is forgotten, and the backend starts slowly where the pool says so.
func (b *Backend) readmit(now time.Time, early bool) {
	b.standing.mu.Lock()
	defer b.standing.mu.Unlock()
	e := b.standing.ejection
	if e == nil || !early && now.Before(e.Until) {
		return
	}
	b.standing.ejection = nil
	b.standing.record.changed = now
	if c := b.conduct.Load(); c != nil {
		c.clear()
	}
	b.rises()
	b.standing.weigh()
	told := b.event(Readmitted)
	told.Reason, told.Since, told.Until = e.Reason, e.Since, e.Until
	b.events.post(told)
}

// forgive forgets one ejection after as much good time as it took.
func (b *Backend) forgive(now time.Time, o *Outliers) {
	b.standing.mu.Lock()
	defer b.standing.mu.Unlock()
	r := &b.standing.record
	if r.count > 0 && b.standing.ejection == nil && now.Sub(r.changed) >= o.term(r.count-1) {
		r.count--
		r.changed = now
	}
}
