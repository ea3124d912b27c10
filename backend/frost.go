package backend

import (
	"sync/atomic"
	"time"
)

const (
	frostFloor  = 100 * time.Millisecond
	frostFactor = 4
)

// frost tells a frozen backend from one that is only slow: one answers its
// checks, the other does not. The zero value is a backend in good health.
type frost struct {
	usual  atomic.Int64 // nanoseconds that a check takes; the longest of late
	passed atomic.Int64 // when the latest of the passed checks began, in Unix nanoseconds
	frozen atomic.Bool  // a check is overdue, and none begun later has passed
	stuck  atomic.Bool  // and so is the answer to a request
}

// patience is how long a check may take until it is overdue.
func (f *frost) patience() time.Duration {
	return max(frostFloor, frostFactor*time.Duration(f.usual.Load()))
}

// thaw takes a check that began at start and was answered after took.
func (f *frost) thaw(start time.Time, took time.Duration) {
	usual := f.usual.Load()
	f.usual.Store(max(int64(took), usual-usual/8))
	if f.passed.Load() < start.UnixNano() {
		f.passed.Store(start.UnixNano())
	}
	f.frozen.Store(false)
	f.stuck.Store(false)
}

// overdue takes a check that began at start and is still without an answer.
func (b *Backend) overdue(start time.Time) {
	if b.frost.passed.Load() >= start.UnixNano() {
		return // one that began later has passed
	}
	b.frost.frozen.Store(true)
	b.stick()
	b.waiting.hedgeAll()
}

// stick lets new visitors go elsewhere once neither a request nor a check has
// been answered in time.
func (b *Backend) stick() {
	if b.Frozen() && b.health.isSuspected() {
		b.frost.stuck.Store(true)
	}
}

// late says when a check is overdue, and who wants to know.
func (b *Backend) late() (after time.Duration, overdue func(start time.Time)) {
	return b.frost.patience(), b.overdue
}

// Frozen reports whether a check has had no answer for several times as long as
// checks usually take. It ends with the next check that passes. Without active
// checks nothing looks frozen.
func (b *Backend) Frozen() bool { return b.frost.frozen.Load() }
