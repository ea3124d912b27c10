package backend

import (
	"sync"
	"sync/atomic"
	"time"
)

// health is the state of a backend and the rules by which it changes. It
// starts nothing: checks, and the outcome of requests, are told to it.
//
// A backend comes up after Rise good checks in a row, and goes down after Fall
// failed checks, or Fall failed connects, in a row. An unproven one needs a
// single outcome either way, since nothing speaks for or against it yet.
type health struct {
	state   atomic.Int32
	strikes atomic.Int32 // failed connects in a row; without regular checks, failed exchanges too
	doubted atomic.Int64 // when something last spoke against it, or its state changed, since epoch
	epoch   time.Time
	changed func(from, to State, reason string) // called with mu held

	mu        sync.Mutex // guards what follows
	rule      CheckOptions
	fails     int // failed checks in a row
	passes    int // good checks in a row
	lastGood  time.Time
	reason    string
	since     time.Time
	suspected bool // a request is silent for longer than is usual
	urgent    bool // a check is wanted at once
	wake      chan struct{}
}

func newHealth(changed func(from, to State, reason string)) *health {
	now := time.Now()
	return &health{epoch: now, since: now, changed: changed, wake: make(chan struct{}, 1), reason: "not checked yet"}
}

func (h *health) current() State { return State(h.state.Load()) }

// follow sets the rule. What is known is kept.
func (h *health) follow(rule CheckOptions) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rule = rule
}

// checked takes the outcome of a check that began at start.
func (h *health) checked(start time.Time, failure error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.nudge()
	if failure == nil {
		h.good(start)
		return
	}
	if start.Before(h.lastGood) {
		return // a check that began later has passed since
	}
	h.fails++
	h.bad(h.fails, describe(failure, h.rule.Timeout))
}

// connectFailed takes a request's failed connect.
func (h *health) connectFailed(failure string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.nudge()
	h.urgent = h.rule.Kind != Passive
	h.bad(int(h.strikes.Add(1)), failure)
}

// exchangeFailed takes a reset or timeout after a request was sent. With
// regular checks it only asks for one, at once: a request that kills whatever
// it meets must not take the pool down. Without, it counts, if it may, and
// exchangeFailed reports true.
func (h *health) exchangeFailed(failure string, count bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.nudge()
	if h.rule.Kind != Passive {
		h.urgent = true
		return false
	}
	if count {
		h.bad(int(h.strikes.Add(1)), failure)
	}
	return count
}

// answered takes a request's answer. It is on the path of every request.
func (h *health) answered() {
	if h.strikes.Load() != 0 {
		h.strikes.Store(0)
	}
	if h.current() != Up {
		h.vouched()
	}
}

// vouched takes an answer from a backend that is not up: a proof where there
// are no regular checks, and a reason for one where there are.
func (h *health) vouched() {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.nudge()
	if h.rule.Kind != Passive {
		h.urgent = true
		return
	}
	h.good(time.Now())
}

// suspect asks for checks, one after the other, until one passes or the
// backend is down.
func (h *health) suspect() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rule.Kind == Passive || h.current() == Down {
		return
	}
	h.suspected = true
	h.nudge()
}

// isSuspected reports whether a request has been silent for longer than is
// usual, and no check has passed since.
func (h *health) isSuspected() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.suspected
}

// settledSince reports whether nothing has spoken against the backend from t on.
func (h *health) settledSince(t time.Time) bool {
	return h.current() == Up && int64(t.Sub(h.epoch)) > h.doubted.Load()
}

func (h *health) good(start time.Time) {
	h.strikes.Store(0)
	h.fails = 0
	h.suspected = false
	h.passes++
	if start.After(h.lastGood) {
		h.lastGood = start
	}
	if h.current() == Unproven || h.current() == Down && h.passes >= h.rule.Rise {
		h.become(Up, "")
	}
}

func (h *health) bad(inARow int, reason string) {
	h.passes = 0
	h.doubted.Store(int64(time.Since(h.epoch)))
	if h.current() == Down {
		h.reason = reason
		return
	}
	if h.current() == Unproven || inARow >= h.rule.Fall {
		h.become(Down, reason)
	}
}

func (h *health) become(to State, reason string) {
	from := h.current()
	h.passes, h.fails, h.suspected = 0, 0, false
	h.reason, h.since = reason, time.Now()
	h.doubted.Store(int64(h.since.Sub(h.epoch)))
	h.state.Store(int32(to))
	h.changed(from, to, reason)
}

// nudge makes the checker think again about when the next check is due.
func (h *health) nudge() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}
