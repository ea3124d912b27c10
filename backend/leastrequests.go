package backend

import "sync/atomic"

// scanUpTo is the number of candidates that are all compared. Past it the
// better of two drawn at random is taken: a crowd of requests that look at the
// same moment would all see the same least loaded backend and swamp it.
const scanUpTo = 8

// leastRequests chooses the candidate with the fewest requests in flight for
// its weight, counting the one to come. Ties go round.
type leastRequests struct {
	turn atomic.Uint64
	draw *random
}

func newLeastRequests(members []*Member) policy {
	return &leastRequests{draw: drawFrom(members)}
}

func (l *leastRequests) choose(members []*Member, f filter) *Member {
	if len(members) > scanUpTo {
		a, b := l.draw.sample(members, &f), l.draw.sample(members, &f)
		if a != nil && b != nil && a != b {
			return lighter(a, b)
		}
	}
	var few [scanUpTo]*Member
	n := 0
	for _, m := range members {
		if !f.admits(m) {
			continue
		}
		if n == len(few) {
			return l.two(members, &f)
		}
		few[n] = m
		n++
	}
	return l.least(few[:n])
}

// two draws two candidates by a scan each; they may be one and the same.
func (l *leastRequests) two(members []*Member, f *filter) *Member {
	a, b := l.draw.scan(members, f), l.draw.scan(members, f)
	if a == nil || b == nil {
		return a
	}
	return lighter(a, b)
}

// least returns the least loaded of a few, each of its equals in turn.
func (l *leastRequests) least(few []*Member) *Member {
	var load [scanUpTo]int64 // read once: they change under our eyes
	ties, best := 0, 0
	for i, m := range few {
		load[i] = m.inFlight.Load() + 1
		switch d := load[i]*int64(few[best].weight) - load[best]*int64(m.weight); {
		case i == 0 || d < 0:
			best, ties = i, 1
		case d == 0:
			ties++
		}
	}
	if ties <= 1 {
		if len(few) == 0 {
			return nil
		}
		return few[best]
	}
	skip := int(l.turn.Add(1) % uint64(ties))
	for i := best; i < len(few); i++ {
		if load[i]*int64(few[best].weight) != load[best]*int64(few[i].weight) {
			continue
		}
		if skip == 0 {
			return few[i]
		}
		skip--
	}
	return few[best]
}

// lighter returns the less loaded of two for its weight.
func lighter(a, b *Member) *Member {
	if (b.inFlight.Load()+1)*int64(a.weight) < (a.inFlight.Load()+1)*int64(b.weight) {
		return b
	}
	return a
}
