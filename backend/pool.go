package backend

import (
	"cmp"
	"slices"
	"time"
)

// Pool is a group of interchangeable backends, as one configuration has it.
// Members, order and weights never change; only the policy's counter does.
type Pool struct {
	name    string
	tryAll  bool
	queue   int // how many may wait for each member; 0: nobody
	check   CheckOptions
	members []*Member
	byName  map[string]*Member
	groups  []group // by priority; members without weight are in none
	shared  *shared

	slowStart time.Duration
	outliers  *Outliers // nil: none are looked for
}

// group is the members of one priority.
type group struct {
	members []*Member
	policy  policy
}

// policy chooses among the members that pass the filter; nil: none does. It
// looks at each member a fixed number of times at most and changes nothing
// but its own counter.
type policy interface {
	choose(members []*Member, f filter) *Member
}

// filter says which members are candidates.
type filter struct {
	best, worst rank
	settled     bool // none that starts slowly
	tried       Tried
}

func (f *filter) admits(m *Member) bool {
	r := m.rank()
	return r >= f.best && r <= f.worst && !f.tried.Has(m) && !m.Full() && !(f.settled && m.ramping())
}

// Name returns the pool's name.
func (p *Pool) Name() string { return p.name }

// Members returns the members in the order of the configuration. The slice
// must not be changed.
func (p *Pool) Members() []*Member { return p.members }

// Pinned returns the member of that name, for a visitor whose cookie names it;
// nil if there is none. Ask [Member.Takes] whether it can be used.
func (p *Pool) Pinned(name string) *Member { return p.byName[name] }

// Pick returns the member for a new visitor, or for a further attempt with the
// members tried before it; nil if none is left. It offers those that are up,
// by priority and policy; else, by the same rule, those that are up but look
// frozen to requests and checks; else those still unproven; else those that ask to be drained; else outliers; else, where the pool tries all
// and none left is merely full, those that are down: then lastResort is true.
// A full member, one without weight, and one that an operator has drained or
// disabled is never offered. Pick changes nothing but the policy's counter.
func (p *Pool) Pick(tried Tried) (m *Member, lastResort bool) {
	f := filter{tried: tried}
	for r := fit; r < broken; r++ {
		f.best, f.worst = r, r
		if m := p.choose(f); m != nil {
			return m, false
		}
	}
	if !p.tryAll || p.Busy(tried) {
		return nil, false
	}
	f.best, f.worst = fit, broken // whatever has become of them meanwhile
	m = p.choose(f)
	return m, m != nil && m.State() == Down
}

func (p *Pool) choose(f filter) *Member {
	for i := range p.groups {
		if m := p.groups[i].choose(f); m != nil {
			return m
		}
	}
	return nil
}

// choose asks the policy, and once more where the choice fell on a member that
// is not given all of its share yet.
func (g *group) choose(f filter) *Member {
	m := g.policy.choose(g.members, f)
	if m == nil || m.passes() {
		return m
	}
	f.settled = true
	if other := g.policy.choose(g.members, f); other != nil {
		return other
	}
	return m
}

// Serves reports whether there is a member for new visitors that is not down,
// may it be full.
func (p *Pool) Serves() bool {
	for _, g := range p.groups {
		for _, m := range g.members {
			if m.rank() < broken {
				return true
			}
		}
	}
	return false
}

// Busy reports whether a member that works is skipped only because it is full:
// then a request had better be refused than sent to one that is down.
func (p *Pool) Busy(tried Tried) bool {
	for _, g := range p.groups {
		for _, m := range g.members {
			if m.rank() < broken && m.Full() && !tried.Has(m) {
				return true
			}
		}
	}
	return false
}

// Spares reports whether somebody new, or a visitor whom m sends away, would be
// offered another member now, one that is not down.
func (p *Pool) Spares(m *Member) bool {
	limit := leaving // before those that stand as it would
	if m.standing.aside.Load()&asideBarred != 0 {
		limit = broken // it is never offered itself
	}
	for _, other := range p.members {
		if other != m && other.weight > 0 && other.rank() < limit && !other.Full() {
			return true
		}
	}
	return false
}

// Request deposits a request's share in the pool's retry budget.
func (p *Pool) Request() { p.shared.budget.request() }

// AllowRetry takes a second or later attempt from the retry budget, or reports
// that nothing is left of it. The budget outlives a reload.
func (p *Pool) AllowRetry() bool { return p.shared.budget.allow() }

// grouped splits the members that have a weight by priority, lowest first.
func grouped(members []*Member, newPolicy func([]*Member) policy) []group {
	var weighted []*Member
	for _, m := range members {
		if m.weight > 0 {
			weighted = append(weighted, m)
		}
	}
	slices.SortStableFunc(weighted, func(a, b *Member) int { return cmp.Compare(a.priority, b.priority) })
	var groups []group
	for len(weighted) > 0 {
		n := 1
		for n < len(weighted) && weighted[n].priority == weighted[0].priority {
			n++
		}
		groups = append(groups, group{members: weighted[:n], policy: newPolicy(weighted[:n])})
		weighted = weighted[n:]
	}
	return groups
}

// policies makes the policy of one group.
var policies = map[Policy]func([]*Member) policy{
	RoundRobin:    newRoundRobin,
	LeastRequests: newLeastRequests,
	Random:        newRandom,
	First:         func([]*Member) policy { return first{} },
}
