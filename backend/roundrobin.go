package backend

import "sync"

// roundRobin is smooth weighted round robin: each choice gives every candidate
// its weight in credit, takes the richest, and makes it pay for all. The shares
// are exact over each round, and the picks of a heavy member are spread out. It is for a few; more take [turns].
type roundRobin struct {
	mu     sync.Mutex // guards credit
	credit []int64    // by position in the group
}

func newRoundRobin(members []*Member) policy {
	if len(members) > scanUpTo {
		return newTurns(members)
	}
	return &roundRobin{credit: make([]int64, len(members))}
}

func (r *roundRobin) choose(members []*Member, f filter) *Member {
	r.mu.Lock()
	defer r.mu.Unlock()
	var total int64
	best := -1
	for i, m := range members {
		if !f.admits(m) {
			continue
		}
		r.credit[i] += int64(m.weight)
		total += int64(m.weight)
		if best < 0 || r.credit[i] > r.credit[best] {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	r.credit[best] -= total
	return members[best]
}
