package backend

import (
	"math/bits"
	"sync/atomic"
	"time"
)

const (
	suspectFloor   = 100 * time.Millisecond
	suspectFactor  = 4
	suspectUnknown = 500 * time.Millisecond // before enough answers were seen
	latencyEnough  = 20

	latencyUnit    = 64 * time.Microsecond // the width of the lowest bucket
	latencyPerOct  = 4                     // buckets for each doubling
	latencyBuckets = 22 * latencyPerOct    // up to some two minutes
	latencyFresh   = 32                    // answers between two looks at the quantile
	latencyHalve   = 1024                  // answers after which the old ones count half
)

// latency estimates the 99th percentile of the time that a backend takes to
// the first byte of an answer, within a fifth of its value. Observing is two
// atomic additions; once in a while one caller reads the buckets for all. Old
// answers fade, so that it follows a backend that has become faster or slower.
type latency struct {
	seen    atomic.Uint64
	buckets [latencyBuckets]atomic.Uint32
	p99     atomic.Int64 // nanoseconds; 0: not known yet
}

// observe counts one answer.
func (l *latency) observe(d time.Duration) {
	l.buckets[latencyBucket(d)].Add(1)
	n := l.seen.Add(1)
	if n%latencyFresh == 0 || n == latencyEnough {
		l.p99.Store(int64(l.quantile()))
	}
	if n%latencyHalve == 0 {
		l.fade()
	}
}

// patience returns how long an answer may take before the backend is suspected.
func (l *latency) patience() time.Duration {
	p99 := time.Duration(l.p99.Load())
	if p99 == 0 {
		return suspectUnknown
	}
	return max(suspectFloor, suspectFactor*p99)
}

func (l *latency) quantile() time.Duration {
	var counts [latencyBuckets]uint32
	var sum uint64
	for i := range counts {
		counts[i] = l.buckets[i].Load()
		sum += uint64(counts[i])
	}
	beyond := sum / 100
	for i := latencyBuckets - 1; i >= 0; i-- {
		if uint64(counts[i]) > beyond {
			return latencyUpTo(i)
		}
		beyond -= uint64(counts[i])
	}
	return 0
}

// fade halves all counts. One that is lost to a concurrent observe is no harm.
func (l *latency) fade() {
	for i := range l.buckets {
		l.buckets[i].Store(l.buckets[i].Load() / 2)
	}
}

// latencyBucket returns the bucket of d: the position of its highest bit and
// the two bits below.
func latencyBucket(d time.Duration) int {
	n := uint64(max(d, 0)/latencyUnit) + latencyPerOct
	oct := bits.Len64(n) - 3
	i := (oct << 2) + int(n>>oct)&3
	return min(i, latencyBuckets-1)
}

// latencyUpTo returns the upper border of a bucket.
func latencyUpTo(i int) time.Duration {
	n := uint64(latencyPerOct+i&3+1) << (i >> 2)
	return time.Duration(n-latencyPerOct) * latencyUnit
}
