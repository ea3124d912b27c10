package backend

import (
	"sync"
	"sync/atomic"
	"time"
)

// Why a backend stands aside, as bits, so that a request sees in one look that
// most do not.
const (
	asideBarred  = 1 << iota // an operator has drained or disabled it
	asideLeaving             // it asks to be drained
	asideEjected             // an outlier, for whatever reason
	asideFailing             // an outlier for its errors: known visitors move, too
)

// standing is what is asked of a backend beside its health.
type standing struct {
	aside atomic.Uint32         // written with mu held
	order atomic.Pointer[Order] // in force; nil: none. Written with mu held

	mu       sync.Mutex // guards what follows
	operator *Order     // nil: none
	word     *Order     // what the backend asks for itself; nil: nothing
	heard    time.Time  // when the check began that the word, or its absence, is from
	ejection *Ejection  // nil: none
	record   record
}

// weigh draws the conclusions from a change and returns the orders in force
// before and after it. mu is held.
func (s *standing) weigh() (was, now Order) {
	before, next := s.order.Load(), s.operator
	if next == nil {
		next = s.word
	}
	s.order.Store(next)
	var aside uint32
	switch {
	case s.operator != nil:
		aside |= asideBarred
	case s.word != nil:
		aside |= asideLeaving
	}
	if s.ejection != nil {
		aside |= asideEjected
		if s.ejection.Errors {
			aside |= asideFailing
		}
	}
	s.aside.Store(aside)
	return value(before), value(next)
}

func value(o *Order) Order {
	if o == nil {
		return Order{}
	}
	return *o
}

// Order returns the order in force: an operator's goes before what the backend
// asks for itself. The zero value is none.
func (b *Backend) Order() Order { return value(b.standing.order.Load()) }

// Give puts an operator's order in force, in place of the one before. One to
// serve takes that back; what the backend asks for itself then holds again.
// [Order.By] is set. An [Event] of the kind [OrderChanged] tells of it.
func (b *Backend) Give(o Order) {
	b.standing.mu.Lock()
	b.standing.operator = o.complete(ByOperator)
	if o.Duty == Serving {
		b.risen() // the operator knows that it is ready
	}
	b.ordered()
	b.standing.mu.Unlock()
	b.events.deliver()
}

// hears takes what a check that began at start was answered: the mode of the
// drain that the backend asks for, or "" for none. deliver must follow.
func (b *Backend) hears(start time.Time, mode DrainMode) {
	s := &b.standing
	s.mu.Lock()
	defer s.mu.Unlock()
	if start.Before(s.heard) {
		return // a check that began later has been answered since
	}
	s.heard = start
	switch {
	case mode == "":
		s.word = nil
	case s.word == nil || s.word.Mode != mode:
		s.word = Order{Duty: Draining, Mode: mode}.complete(ByBackend)
	}
	b.ordered()
}

// ordered tells of a change of the order in force, if there is one.
// standing.mu is held.
func (b *Backend) ordered() {
	was, now := b.standing.weigh()
	if was == now {
		return
	}
	e := b.event(OrderChanged)
	e.Was, e.Order = was, now
	e.LastAvailable = was.Duty == Serving && b.shared.last(b)
	b.events.post(e)
}

// inherit takes over the operator's order of the backend that had b's name
// before: it is the same place in the pool, at another address.
func (b *Backend) inherit(from *Backend) {
	from.standing.mu.Lock()
	o := from.standing.operator
	from.standing.mu.Unlock()
	b.standing.mu.Lock()
	defer b.standing.mu.Unlock()
	b.standing.operator = o
	b.standing.weigh()
}
