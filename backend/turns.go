package backend

import (
	"slices"
	"sync"
)

// skipUpTo is how many that cannot be chosen lose their turn before all are
// looked at instead.
const skipUpTo = 32

// turns is weighted round robin for many: each member comes up in the middle of
// every 1/weight of a round, and the one whose turn is the earliest is first in
// a heap. The shares are exact over each round, and a choice costs the logarithm
// of their number, where [roundRobin] looks at all.
type turns struct {
	mu   sync.Mutex // guards heap
	heap []dueTurn
}

// dueTurn is the next one of a member: at (2·had+1)/(2·weight) rounds.
type dueTurn struct {
	had    uint64 // turns before
	weight uint64
	i      int // in the group
}

// before orders turns by their time, those of one time by position.
func (t dueTurn) before(u dueTurn) bool {
	a, b := (2*t.had+1)*u.weight, (2*u.had+1)*t.weight
	return a < b || a == b && t.i < u.i
}

func newTurns(members []*Member) *turns {
	r := &turns{heap: make([]dueTurn, len(members))}
	for i, m := range members {
		r.heap[i] = dueTurn{weight: uint64(max(m.weight, 1)), i: i} //nolint:gosec // never negative
	}
	slices.SortFunc(r.heap, func(a, b dueTurn) int { // sorted is a heap, too
		if a.before(b) {
			return -1
		}
		return 1
	})
	return r
}

func (r *turns) choose(members []*Member, f filter) *Member {
	r.mu.Lock()
	defer r.mu.Unlock()
	for range skipUpTo {
		m := members[r.heap[0].i]
		r.heap[0].had++
		r.sink(0)
		if f.admits(m) {
			return m
		}
	}
	best := -1
	for at, t := range r.heap {
		if (best < 0 || t.before(r.heap[best])) && f.admits(members[t.i]) {
			best = at
		}
	}
	if best < 0 {
		return nil
	}
	m := members[r.heap[best].i]
	r.heap[best].had++
	r.sink(best)
	return m
}

// sink restores the heap after the turn at i has become a later one.
func (r *turns) sink(i int) {
	for {
		first := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(r.heap); child++ {
			if r.heap[child].before(r.heap[first]) {
				first = child
			}
		}
		if first == i {
			return
		}
		r.heap[i], r.heap[first] = r.heap[first], r.heap[i]
		i = first
	}
}
