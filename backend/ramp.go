package backend

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// ramp is the slow start of a backend that has come back.
type ramp struct {
	since atomic.Int64 // nanoseconds since the health's epoch; 0: none
}

// rises begins a slow start. Where the pool has none, it is over at once.
func (b *Backend) rises() { b.ramp.since.Store(max(int64(time.Since(b.health.epoch)), 1)) }

// risen ends it.
func (b *Backend) risen() { b.ramp.since.Store(0) }

// share returns the part of its new visitors that b is given, in a pool whose
// slow start takes d.
func (b *Backend) share(d time.Duration) float64 {
	since := b.ramp.since.Load()
	if since == 0 || d <= 0 {
		return 1
	}
	elapsed := time.Since(b.health.epoch) - time.Duration(since)
	if elapsed >= d {
		b.ramp.since.CompareAndSwap(since, 0)
		return 1
	}
	return float64(elapsed) / float64(d)
}

// ramping reports whether m starts slowly at the moment.
func (m *Member) ramping() bool {
	return m.ramp.since.Load() != 0 && m.share(m.pool.slowStart) < 1
}

// passes draws whether a visitor that fell to m is given to it.
func (m *Member) passes() bool {
	return m.ramp.since.Load() == 0 || rand.Float64() < m.share(m.pool.slowStart) //nolint:gosec // a share, no secret
}
