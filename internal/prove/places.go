package prove

import (
	"cmp"
	"slices"
	"time"

	"sterling/internal/config"
)

// stretch is a time in which all places at a backend were taken.
type stretch struct{ from, to time.Time }

// places tells, by the access log alone, when a backend could take no more. What
// the front door does for want of a place is no loss, but nothing is proved by it.
type places struct {
	pools map[string][]config.Backend
	full  map[string][]stretch // by pool/backend
}

// rounding is the most by which times of the access log may be off.
const rounding = time.Millisecond

// findPlaces works out from all lines when each backend was full.
func findPlaces(cfg *config.Config, logged map[string][]entry) places {
	p := places{pools: make(map[string][]config.Backend), full: make(map[string][]stretch)}
	steps := make(map[string][]step)
	for _, lines := range logged {
		for _, l := range lines {
			l.steps(steps)
		}
	}
	for _, pool := range cfg.Pools {
		p.pools[pool.Name] = pool.Backends
		for _, b := range pool.Backends {
			if name := pool.Name + "/" + b.Name; b.MaxInFlight > 0 {
				p.full[name] = fullTimes(steps[name], b.MaxInFlight)
			}
		}
	}
	return p
}

// step is the begin or the end of a request at a backend.
type step struct {
	at time.Time
	by int
}

// steps adds the begin and the end of the request at each backend that took it.
func (l entry) steps(all map[string][]step) {
	from := l.Time.Add(milliseconds(l.QueuedMS + l.HeldMS))
	for _, a := range l.Attempts {
		if name := l.Pool + "/" + a.Backend; a.Outcome != "full" {
			all[name] = append(all[name], step{from, 1}, step{l.until(), -1})
		}
	}
}

// until is when the exchange was over.
func (l entry) until() time.Time { return l.Time.Add(milliseconds(l.DurationMS) + rounding) }

// fullTimes are the times in which at least limit requests were under way.
func fullTimes(steps []step, limit int) (all []stretch) {
	slices.SortFunc(steps, func(a, b step) int {
		return cmp.Or(a.at.Compare(b.at), b.by-a.by)
	})
	n := 0
	for _, s := range steps {
		n += s.by
		switch {
		case s.by > 0 && n == limit:
			all = append(all, stretch{from: s.at})
		case s.by < 0 && n == limit-1:
			all[len(all)-1].to = s.at
		}
	}
	return all
}

// fullFor reports whether a backend was full while a request was under way.
func (p places) fullFor(l entry, backend string) bool {
	return slices.ContainsFunc(p.full[backend], func(s stretch) bool {
		return !s.from.After(l.until()) && !s.to.Before(l.Time)
	})
}

// turnedAway reports whether the front door itself refused a request, or did not try
// it again, because there was no room for it: every backend of the pool that was not
// out just then was full, and one was at least. A POST that was run is none of these.
func (e evidence) turnedAway(s shot) bool {
	if len(e.logged[s.id]) != 1 || s.own || e.ran[s.id] > 0 {
		return false
	}
	l := e.logged[s.id][0]
	if l.End == "no_descriptors" {
		return true
	}
	return l.foundNoPlace() && e.noRoom(s, l)
}

// foundNoPlace reports whether the line says that there was nobody to send it to.
func (l entry) foundNoPlace() bool {
	none := []string{"full", "no_backend"}
	return slices.Contains(none, l.End) || slices.Contains(none, l.NotRetried)
}

// noRoom reports whether no backend of the pool can have had a place.
func (e evidence) noRoom(s shot, l entry) bool {
	full := 0
	for _, b := range e.places.pools[l.Pool] {
		name := l.Pool + "/" + b.Name
		switch {
		case e.places.fullFor(l, name):
			full++
		case b.Weight > 0 && !e.out(s, name):
			return false
		}
	}
	return full > 0
}

// out reports whether a backend was of no use at the time of a request.
func (e evidence) out(s shot, backend string) bool {
	return slices.ContainsFunc(e.outages, func(o outage) bool {
		return !o.late && o.backend == backend && o.touches(s)
	})
}

// crowded reports whether a user moved because his backend was full.
func (e evidence) crowded(s shot) bool {
	return slices.ContainsFunc(e.logged[s.id], func(l entry) bool { return e.places.fullFor(l, s.from) })
}
