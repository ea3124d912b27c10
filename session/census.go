package session

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

const (
	censusShards = 64
	// censusLimit is how many visitors of a pool are known one by one. A full
	// table takes about 8 MB.
	censusLimit = 1 << 17
	// censusLevels bounds how often the part of them that is known is halved.
	censusLevels = 32
)

// Census counts the distinct visitors of a pool, by the backend they were last
// seen at, and forgets those that stay away for longer than Idle. Only visitors
// that bring their cookie back are to be told to it, so robots without cookies
// are not counted. Of the others a [Place] knows when the last one came.
//
// It is exact up to 131,072 visitors. Beyond that it knows one in two of them,
// or one in four and so on, chosen by chance, and multiplies: with at least
// 32,768 known, the error is below 2 % in 19 cases of 20. When they have become
// few enough, it notes more of them again, and counts by those once Idle has
// passed: until then it goes on with the estimate. Its methods may be called by
// any goroutine; a sighting locks one of 64 parts of the table.
type Census struct {
	idle    atomic.Int64  // nanoseconds
	level   atomic.Uint32 // who is noted: one in two to the power of level
	counted atomic.Uint32 // who is counted: never more than are noted
	since   atomic.Int64  // Unix nanoseconds: who is counted was noted from then on
	shards  [censusShards]censusShard
	limit   int // of a shard

	levelMu sync.Mutex // held while a level changes
	lowered int64      // Unix nanoseconds: when level was last lowered. Guarded by levelMu

	placesMu sync.Mutex
	places   map[string]*Place
}

// Place is a backend in a [Census].
type Place struct {
	known    [censusLevels]atomic.Int64 // by the last level at which a visitor is noted
	assigned atomic.Int64               // Unix nanoseconds
}

// Assigned notes that somebody was given a first cookie for p, whether he will
// bring it back or not.
func (p *Place) Assigned(now time.Time) { p.assigned.Store(now.UnixNano()) }

// LastAssigned returns when Assigned was last called; the Unix epoch: never.
func (p *Place) LastAssigned() time.Time { return time.Unix(0, p.assigned.Load()) }

// add counts a visitor in or out.
func (p *Place) add(visitor uint64, n int64) {
	p.known[min(bits.TrailingZeros64(visitor), censusLevels-1)].Add(n)
}

type censusShard struct {
	mu   sync.Mutex
	seen map[uint64]sighting
}

type sighting struct {
	at    int64 // Unix nanoseconds
	place *Place
}

// NewCensus returns an empty one that begins to count now.
func NewCensus(idle time.Duration, now time.Time) *Census {
	c := &Census{limit: censusLimit / censusShards, places: make(map[string]*Place)}
	c.SetIdle(idle)
	c.since.Store(now.UnixNano())
	for i := range c.shards {
		c.shards[i].seen = make(map[uint64]sighting)
	}
	return c
}

// SetIdle changes after how long visitors are forgotten; 0: 30 minutes.
func (c *Census) SetIdle(d time.Duration) {
	if d <= 0 {
		d = defaultIdle
	}
	c.idle.Store(int64(d))
}

// Place returns the place of that name, always the same one.
func (c *Census) Place(backend string) *Place {
	c.placesMu.Lock()
	defer c.placesMu.Unlock()
	p := c.places[backend]
	if p == nil {
		p = new(Place)
		c.places[backend] = p
	}
	return p
}

// Saw notes that a visitor, by [Pin].Visitor, was served at p.
func (c *Census) Saw(visitor uint64, p *Place, now time.Time) {
	if !c.knows(visitor) {
		return
	}
	if s := c.shard(visitor); !c.note(s, visitor, p, now) {
		if c.crowded(s, now); c.knows(visitor) {
			c.note(s, visitor, p, now) // or others have taken the room, and it is coarser yet
		}
	}
}

// note reports whether there was room.
func (c *Census) note(s *censusShard, visitor uint64, p *Place, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was, known := s.seen[visitor]
	if !known && len(s.seen) >= c.limit {
		return false
	}
	if known && was.place != p {
		was.place.add(visitor, -1)
	}
	if !known || was.place != p {
		p.add(visitor, 1)
	}
	s.seen[visitor] = sighting{max(was.at, now.UnixNano()), p}
	return true
}

// LastSeen returns when the visitor was last noted; the zero Time: not within
// Idle, or it is not one of those that are known.
func (c *Census) LastSeen(visitor uint64) time.Time {
	s := c.shard(visitor)
	s.mu.Lock()
	defer s.mu.Unlock()
	if was, ok := s.seen[visitor]; ok {
		return time.Unix(0, was.at)
	}
	return time.Time{}
}

// Count returns how many visitors were last seen at p, and within Idle. It is
// complete once Idle has passed since the time that Since returns.
func (c *Census) Count(p *Place, now time.Time) int64 {
	c.Forget(now)
	level, n := c.counted.Load(), int64(0)
	for i := level; i < censusLevels; i++ {
		n += p.known[i].Load()
	}
	return n << level
}

// Exact reports whether every visitor is counted.
func (c *Census) Exact() bool { return c.counted.Load() == 0 }

// Since returns from when on all those were noted that are counted.
func (c *Census) Since() time.Time { return time.Unix(0, c.since.Load()) }

// Complete reports whether all visitors that are not idle by now can have been
// noted.
func (c *Census) Complete(now time.Time) bool {
	return now.UnixNano()-c.since.Load() >= c.idle.Load()
}

// Forget lets go of the visitors that have stayed away for too long. Calling it
// now and then keeps the table small; Count does so, too.
func (c *Census) Forget(now time.Time) {
	before := now.UnixNano() - c.idle.Load()
	left := 0
	for i := range c.shards {
		left += c.shards[i].keep(func(_ uint64, s sighting) bool { return s.at >= before })
	}
	if c.counted.Load() > 0 {
		c.refine(left, now)
	}
}

// keep deletes all others, and returns how many are left.
func (s *censusShard) keep(keeps func(uint64, sighting) bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for v, was := range s.seen {
		if !keeps(v, was) {
			was.place.add(v, -1)
			delete(s.seen, v)
		}
	}
	return len(s.seen)
}

func (c *Census) shard(visitor uint64) *censusShard {
	return &c.shards[visitor>>58%censusShards]
}
