package session

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

var censusStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestCensusCountsVisitorsNotRequests(t *testing.T) {
	c := NewCensus(time.Minute, censusStart)
	a, b := c.Place("a"), c.Place("b")
	if c.Place("a") != a {
		t.Fatal("a place changes")
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 100 {
		v := r.Uint64()
		for range 5 {
			c.Saw(v, a, censusStart)
		}
	}
	moved := r.Uint64()
	c.Saw(moved, a, censusStart)
	c.Saw(moved, b, censusStart.Add(time.Second))
	if n := c.Count(a, censusStart.Add(time.Second)); n != 100 {
		t.Errorf("%d at a, want 100", n)
	}
	if n := c.Count(b, censusStart.Add(time.Second)); n != 1 {
		t.Errorf("%d at b, want the one that moved", n)
	}
	if got := c.LastSeen(moved); !got.Equal(censusStart.Add(time.Second)) {
		t.Errorf("last seen %v", got)
	}
	if got := c.LastSeen(12345); !got.IsZero() {
		t.Errorf("a stranger was seen at %v", got)
	}
}

func TestCensusFallsAsVisitorsGoIdle(t *testing.T) {
	c := NewCensus(time.Minute, censusStart)
	p := c.Place("a")
	r := rand.New(rand.NewPCG(2, 2))
	for i := range 60 {
		c.Saw(r.Uint64(), p, censusStart.Add(time.Duration(i)*time.Second))
	}
	for _, tc := range []struct {
		after time.Duration
		want  int64
	}{{59 * time.Second, 60}, {90 * time.Second, 30}, {119 * time.Second, 1}, {120 * time.Second, 0}} {
		if n := c.Count(p, censusStart.Add(tc.after)); n != tc.want {
			t.Errorf("after %v: %d, want %d", tc.after, n, tc.want)
		}
	}
	if !c.Complete(censusStart.Add(time.Minute)) || c.Complete(censusStart.Add(59*time.Second)) {
		t.Error("it is complete once idle has passed")
	}
}

func TestCensusEstimatesACrowd(t *testing.T) {
	c := NewCensus(time.Minute, censusStart)
	a, b := c.Place("a"), c.Place("b")
	r := rand.New(rand.NewPCG(3, 3))
	const visitors = 1_000_000
	for i := range visitors {
		p := a
		if i%4 == 0 {
			p = b
		}
		c.Saw(r.Uint64(), p, censusStart)
	}
	known := 0
	for i := range c.shards {
		known += len(c.shards[i].seen)
	}
	if known > censusLimit || c.Exact() {
		t.Errorf("%d are known, exact %v", known, c.Exact())
	}
	for p, want := range map[*Place]float64{a: visitors * 3 / 4, b: visitors / 4} {
		// Four standard deviations.
		if n := float64(c.Count(p, censusStart)); math.Abs(n-want) > 4*math.Sqrt(want*float64(int(1)<<c.level.Load())) {
			t.Errorf("estimated %.0f, want about %.0f", n, want)
		}
	}
	// All leave, and a few come: those are counted one by one.
	late := censusStart.Add(time.Hour)
	if n := c.Count(a, late) + c.Count(b, late); n != 0 {
		t.Errorf("%d are left", n)
	}
	for range 10 {
		c.Saw(r.Uint64(), a, late)
	}
	if c.Exact() {
		t.Error("exact, though visitors of before may not have been noted")
	}
	if n := c.Count(a, late.Add(time.Minute)); n != 10 || !c.Exact() {
		t.Errorf("%d, exact %v, want 10", n, c.Exact())
	}
	if !c.Since().Equal(late) {
		t.Errorf("counting since %v, want %v", c.Since(), late)
	}
}

// A pool had 150,000 visitors for a moment, and has 40,000 since: more than a
// quarter of those that are known one by one.
func TestCensusIsExactAgainAfterACrowdAndForgetsNobody(t *testing.T) {
	c := NewCensus(time.Minute, censusStart)
	p := c.Place("a")
	r := rand.New(rand.NewPCG(5, 5))
	const stay = 40_000
	visitors := make([]uint64, 150_000)
	for i := range visitors {
		visitors[i] = r.Uint64()
	}
	now, coming := censusStart, visitors
	for range 16 { // for four minutes, each comes every 15 seconds
		for i, v := range coming {
			c.Saw(v, p, now.Add(time.Duration(i)*time.Microsecond))
		}
		coming, now = visitors[:stay], now.Add(15*time.Second)
		n := c.Count(p, now)
		if now.Sub(censusStart) > 90*time.Second && math.Abs(float64(n-stay)) > 0.03*stay {
			t.Fatalf("after %v: %d visitors, exact %v, want about %d", now.Sub(censusStart), n, c.Exact(), stay)
		}
	}
	if n := c.Count(p, now); n != stay || !c.Exact() || !c.Complete(now) {
		t.Errorf("%d visitors, exact %v, complete %v, want %d", n, c.Exact(), c.Complete(now), stay)
	}
	if !c.LastSeen(visitors[0]).After(now.Add(-16 * time.Second)) {
		t.Error("a visitor is not known")
	}
}

// Whoever finds a shard full of visitors that have gone is noted once they are
// cleared away.
func TestCensusNotesWhoeverHasRoomMade(t *testing.T) {
	c := NewCensus(time.Minute, censusStart)
	p := c.Place("a")
	shard := c.shard(1)
	last, n := uint64(1), 0
	for ; n < c.limit; last++ {
		if c.shard(last) == shard {
			c.Saw(last, p, censusStart)
			n++
		}
	}
	for c.shard(last) != shard {
		last++
	}
	now := censusStart.Add(2 * time.Minute)
	c.Saw(last, p, now)
	if n := c.Count(p, now); n != 1 || c.LastSeen(last).IsZero() || !c.Exact() {
		t.Errorf("%d visitors, seen %v, exact %v", n, c.LastSeen(last), c.Exact())
	}
}

func TestCensusFromManyGoroutines(t *testing.T) {
	c := NewCensus(time.Minute, censusStart)
	places := []*Place{c.Place("a"), c.Place("b"), c.Place("c")}
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(7, 7)) // the same visitors for all
			for i := range 5000 {
				v := r.Uint64()
				c.Saw(v, places[(i+g)%3], censusStart)
				if i%1000 == 0 {
					c.Forget(censusStart)
				}
			}
		})
	}
	all.Wait()
	var sum int64
	for _, p := range places {
		sum += c.Count(p, censusStart)
	}
	if sum != 5000 {
		t.Errorf("%d visitors, want 5000", sum)
	}
}

func TestASightingAllocatesNothing(t *testing.T) {
	c := NewCensus(time.Minute, censusStart)
	p := c.Place("a")
	c.Saw(42, p, censusStart)
	if n := testing.AllocsPerRun(100, func() { c.Saw(42, p, censusStart) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSaw(b *testing.B) {
	c := NewCensus(time.Minute, censusStart)
	p := c.Place("a")
	r := rand.New(rand.NewPCG(1, 1))
	var visitors [1 << 12]uint64
	for i := range visitors {
		visitors[i] = r.Uint64()
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.Saw(visitors[i%len(visitors)], p, censusStart)
	}
}
