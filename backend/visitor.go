package backend

import "time"

// Visitor is what the choice of a backend depends on. The zero value is a new
// visitor.
type Visitor struct {
	Known  bool          // pinned to the backend that is asked
	Silent time.Duration // how long nothing was heard of a known one
}

// Takes reports whether m takes a visitor. One that is down takes nobody. A
// known visitor stays unless m is disabled, is draining in a mode that has him
// move, or was ejected for errors; a new one needs a member that serves, has a
// weight and is not ejected. Full is another question.
func (m *Member) Takes(v Visitor) bool {
	if m.State() == Down || !v.Known && m.weight <= 0 {
		return false
	}
	aside := m.standing.aside.Load()
	if aside == 0 {
		return true
	}
	if !v.Known || aside&asideFailing != 0 {
		return false
	}
	o := m.standing.order.Load()
	return o == nil || o.keeps(v)
}

// Outranks reports whether a visitor of m, which does not take him as things
// stand, is nevertheless better off there than at offered, which [Pool.Pick]
// came up with; nil: with nobody. A server that he has to leave beats one that
// is down, and where the others are no better he need not move at all.
func (m *Member) Outranks(offered *Member) bool {
	if m.Full() || m.Order().Duty == Disabled {
		return false
	}
	if offered == nil {
		return m.State() != Down
	}
	own, other := m.rank(), offered.rank()
	if own == barred {
		return m.State() != Down && other == broken
	}
	return own <= other
}
