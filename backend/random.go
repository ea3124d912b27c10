package backend

import (
	"math/rand/v2"
	"sort"
)

// draws is how often a random member that is no candidate is drawn again
// before all of them are looked at.
const draws = 4

// random chooses a candidate at random, by weight.
type random struct {
	upTo []uint64 // sums of the weights up to and with each position
}

func newRandom(members []*Member) policy { return drawFrom(members) }

func drawFrom(members []*Member) *random {
	r := &random{upTo: make([]uint64, len(members))}
	var sum uint64
	for i, m := range members {
		sum += uint64(m.weight)
		r.upTo[i] = sum
	}
	return r
}

func (r *random) choose(members []*Member, f filter) *Member {
	if m := r.sample(members, &f); m != nil {
		return m
	}
	return r.scan(members, &f)
}

// sample draws until a candidate comes up, a few times at most.
func (r *random) sample(members []*Member, f *filter) *Member {
	for range draws {
		n := rand.Uint64N(r.upTo[len(r.upTo)-1])
		m := members[sort.Search(len(r.upTo), func(i int) bool { return r.upTo[i] > n })]
		if f.admits(m) {
			return m
		}
	}
	return nil
}

// scan draws among the candidates alone, which it must look at one by one.
func (r *random) scan(members []*Member, f *filter) *Member {
	var chosen *Member
	var total uint64
	for _, m := range members {
		if !f.admits(m) {
			continue
		}
		total += uint64(m.weight)
		if rand.Uint64N(total) < uint64(m.weight) {
			chosen = m
		}
	}
	return chosen
}
