package proxy

import (
	"time"

	"sterling/backend"
	"sterling/session"
)

// due reports whether the cookie of a visitor who was served by his own backend
// is to be written again. Where those who are silent are to leave, it has to
// tell them from the others also after a restart, and in another process.
func (x *exchange) due(a *session.Affinity) bool {
	if o := x.winner.Order(); o.Mode == backend.WhenIdle {
		return a.DueAfter(x.record.Time, x.pin, o.Quiet/10)
	}
	return a.DueAt(x.record.Time, x.pin)
}

// silent is for how long nothing was heard of a pinned visitor, whose backend
// has the order o. Where it is not known, it is the shortest time that it can be:
// a busy visitor is never taken for a silent one.
func (x *exchange) silent(o backend.Order) time.Duration {
	census := x.route.pool.counters.census
	seen := census.LastSeen(x.pin.Visitor)
	if seen.IsZero() {
		// Had he come since then, it would be known: all are noted, or else the
		// cookies of this backend are written more often.
		known := o.Since
		if census.Exact() {
			known = census.Since()
		}
		seen = earlier(known, x.pin.Seen.Add(x.route.pool.affinity.Precision()))
	}
	return x.record.Time.Sub(later(seen, x.pin.Seen))
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
