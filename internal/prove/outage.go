package prove

import (
	"time"

	"sterling/internal/config"
)

// outage is a time in which a backend did not do its work.
type outage struct {
	backend  string        // as pool/backend
	from, to time.Time     // zero to: to the end of the scenario
	find     time.Duration // for how long the front door may not know of it
	late     bool          // it answers all the same: users may move, but nothing is lost
}

// settle is how long after an outage a user that was caught in it may still
// come out and move.
const settle = 4 * time.Second

// refusedAt is how long after its end a process may still seem to be there.
const refusedAt = 250 * time.Millisecond

// caught reports whether a POST may have been at a backend when that failed, or
// sent to it before that could be known: nobody can tell whether it was run, so
// that it must not be tried again.
func (o outage) caught(s shot) bool {
	return !o.late && s.start.Before(o.from.Add(o.find)) && s.end().After(o.from)
}

// excuses reports whether a user of the backend had a reason to move.
func (o outage) excuses(s shot) bool {
	return s.from == o.backend && o.touches(s)
}

// touches reports whether a request was under way in the outage, or before it was
// quite over.
func (o outage) touches(s shot) bool {
	return s.end().After(o.from) && (o.to.IsZero() || s.start.Before(o.to.Add(settle)))
}

// findTime is how long it takes at most to learn that a backend is frozen.
func findTime(p config.Pool) time.Duration {
	if p.Health == nil {
		return p.Timeout.Response + time.Second
	}
	return time.Duration(p.Health.Fall)*p.Health.Interval + p.Health.Timeout + time.Second
}

// noticed turns what the front door found by itself, outside the outages that
// were played, into outages: on a machine that has no time for a backend its
// checks fail, and its users move with reason.
func noticed(found []finding, played []outage) (all []outage, notes []string) {
	for _, f := range found {
		o := outage{backend: f.Pool + "/" + f.Backend, from: f.Time.Add(-time.Second), to: f.Time.Add(time.Second), find: time.Second}
		known := false
		for _, p := range played {
			known = known || p.backend == o.backend && f.Time.After(p.from) && (p.to.IsZero() || f.Time.Before(p.to.Add(settle)))
		}
		if !known {
			all = append(all, o)
			notes = append(notes, o.backend+" was given up though nothing was done to it: "+f.Reason)
		}
	}
	return all, notes
}
