package backend

import (
	"errors"
	"fmt"
	"time"
)

// Hedger is told that the answer to an attempt takes long.
type Hedger interface {
	// Hedge may start another attempt elsewhere. It is called at most once an
	// attempt, from any goroutine while RoundTrip runs, and must return at once.
	//
	// giveUp ends the attempt with the kind Hedged, and reports true, unless a
	// byte of an answer was seen or the attempt has ended otherwise. It may be
	// called, from any goroutine, until the attempt's answer is closed or its
	// error is dealt with.
	Hedge(giveUp func() bool)
}

// ErrHedged is a cause for the end of a request's context: the attempt ends
// with the kind Hedged.
var ErrHedged = errors.New("another backend has answered")

// patience is how long the answer may take until something is to be done about
// it, counted from when the request was sent; 0: for ever.
func (a *attempt) patience() time.Duration {
	return sooner(a.hedgeDue(), a.suspicionDue())
}

// suspicionDue is when the backend is suspected; 0: it is already, or nothing
// could be found out about it.
func (a *attempt) suspicionDue() time.Duration {
	if a.suspicious || a.member.pool.check.Kind == Passive {
		return 0
	}
	return a.member.latency.patience()
}

// hedgeDue is when the request is one for another backend; 0: never, or it is.
func (a *attempt) hedgeDue() time.Duration {
	switch {
	case a.call.Hedge == nil || a.doubted.Load():
		return 0
	case a.call.HedgeAfter > 0:
		return a.call.HedgeAfter
	}
	return a.member.latency.patience()
}

// sooner returns the lesser of two times of which 0 is never.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// linger is called when patience is over, by whoever waits for the answer. It
// returns what is left of it, counted like that.
func (a *attempt) linger() (again time.Duration) {
	a.enlist()
	hedge, suspicion := a.hedgeDue(), a.suspicionDue()
	due := sooner(hedge, suspicion)
	if suspicion > 0 && suspicion == due {
		a.suspicious = true
		a.member.counts.suspected.Add(1)
		a.member.health.suspect()
		a.member.stick()
	}
	if hedge > 0 && hedge == due {
		a.doubted.Store(true)
		a.member.waiting.hedge(a)
	}
	return a.patience()
}

// lost tells what it says of a backend that another one's answer came first. The
// time that the attempt has waited is the least that its answer takes; shorter
// than is usual, it says nothing. It is no measure for the patience with later
// ones: that would grow with each, at a backend that never answers.
func (a *attempt) lost(now time.Time) {
	b, usual := a.member.Backend, a.member.latency.patience()
	waited := now.Sub(a.start) - a.call.Connect
	if c := b.conduct.Load(); c != nil && waited >= usual {
		c.took(waited)
	}
	silent := b.silence.lost(now, waited, usual)
	if silent == 0 {
		return
	}
	b.counts.failures.Add(1)
	b.erred()
	failure := fmt.Sprintf("no answer for %v", silent.Round(time.Millisecond))
	a.call.Counted = b.health.exchangeFailed(failure, a.call.CountFailure)
	b.settle()
}

// hedge tells of an attempt that has lasted for too long. The list that a is in
// is locked.
func (a *attempt) hedge() {
	if !a.doubted.Load() {
		return
	}
	if a.call.HedgeFrozen && !a.member.Frozen() {
		return
	}
	if !a.hedged.Swap(true) {
		a.call.Hedge.Hedge(func() bool { return a.member.waiting.giveUp(a) })
	}
}

// hedge tells of a, unless that has had an answer.
func (w *waiting) hedge(a *attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a.listed.Load() {
		a.hedge()
	}
}

// hedgeAll tells of all that have lasted for too long.
func (w *waiting) hedgeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for a := w.first; a != nil; a = a.next {
		a.hedge()
	}
}

// giveUp ends a, and reports whether it was still without an answer.
func (w *waiting) giveUp(a *attempt) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !a.listed.Load() {
		return false
	}
	a.interrupt(ErrHedged)
	return true
}
