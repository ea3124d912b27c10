package backend

import "sync/atomic"

// Member is a [Backend] as one configuration sees it: with its weight,
// priority, limit and timeouts. It belongs to one [Pool] and never changes.
// Its Backend is shared with the members of other configurations.
type Member struct {
	*Backend
	pool        *Pool
	index       int // in the pool
	weight      int
	priority    int
	maxInFlight int64
	maxIdle     int
	reuseForAll bool
	timeouts    Timeouts
}

// Pool returns the pool that m belongs to.
func (m *Member) Pool() *Pool { return m.pool }

// Weight returns the share of new visitors relative to the others; 0: none.
func (m *Member) Weight() int { return m.weight }

// Priority returns the number of m's group; lower ones are used first.
func (m *Member) Priority() int { return m.priority }

// MaxInFlight returns the limit of requests in flight; 0: no limit.
func (m *Member) MaxInFlight() int { return int(m.maxInFlight) }

// Full reports whether the in-flight limit is reached, or somebody waits for m.
func (m *Member) Full() bool {
	return m.maxInFlight > 0 && (m.inFlight.Load() >= m.maxInFlight || m.queued.Load() > 0)
}

// GiveBack gives up a place, for the next in the queue.
func (m *Member) GiveBack() {
	m.inFlight.Add(-1)
	m.shared.queue.freed(m.Backend)
}

// acquire counts a request in flight, or reports that the limit is reached.
func (m *Member) acquire() bool {
	return acquire(&m.inFlight, m.maxInFlight)
}

func acquire(inFlight *atomic.Int64, limit int64) bool {
	if limit <= 0 {
		inFlight.Add(1)
		return true
	}
	for {
		n := inFlight.Load()
		if n >= limit {
			return false
		}
		if inFlight.CompareAndSwap(n, n+1) {
			return true
		}
	}
}
