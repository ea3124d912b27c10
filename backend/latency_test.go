package backend

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestLatencyBucketsCoverEveryDuration(t *testing.T) {
	last := 0
	for d := time.Duration(0); d < 3*time.Minute; d += d/50 + time.Microsecond {
		i := latencyBucket(d)
		if i < last || i > last+1 {
			t.Fatalf("%v is in bucket %d, after %d", d, i, last)
		}
		last = i
		if i < latencyBuckets-1 && (d >= latencyUpTo(i) || i > 0 && d < latencyUpTo(i-1)) {
			t.Fatalf("%v is in bucket %d, from %v to %v", d, i, latencyUpTo(i-1), latencyUpTo(i))
		}
	}
	if i := latencyBucket(1 << 62); i != latencyBuckets-1 {
		t.Errorf("a very long time is in bucket %d", i)
	}
	if i := latencyBucket(-time.Second); i != 0 {
		t.Errorf("a negative time is in bucket %d", i)
	}
}

func TestLatencyFindsTheQuantileWithinAFifth(t *testing.T) {
	var l latency
	for range 1000 {
		l.observe(rand.N(100 * time.Millisecond))
	}
	got := time.Duration(l.p99.Load())
	if got < 90*time.Millisecond || got > 125*time.Millisecond {
		t.Errorf("the 99th percentile of 0 to 100ms is %v", got)
	}
}

func TestLatencyPatience(t *testing.T) {
	var l latency
	if got := l.patience(); got != suspectUnknown {
		t.Errorf("patience %v before any answer, want %v", got, suspectUnknown)
	}
	for range latencyEnough {
		l.observe(time.Millisecond)
	}
	if got := l.patience(); got != suspectFloor {
		t.Errorf("patience %v with a fast backend, want the floor", got)
	}
	for range 10000 {
		l.observe(60 * time.Millisecond)
	}
	if got := l.patience(); got < 240*time.Millisecond || got > 300*time.Millisecond {
		t.Errorf("patience %v at 60ms, want 4 times as much", got)
	}
}

func TestLatencyForgetsSlowTimes(t *testing.T) {
	var l latency
	for range 500 {
		l.observe(10 * time.Second)
	}
	for range 20 * latencyHalve {
		l.observe(time.Millisecond)
	}
	if got := l.patience(); got != suspectFloor {
		t.Errorf("patience %v long after the backend became fast", got)
	}
}

func BenchmarkLatencyObserve(b *testing.B) {
	var l latency
	for b.Loop() {
		l.observe(3 * time.Millisecond)
	}
}
