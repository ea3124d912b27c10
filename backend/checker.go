package backend

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// checker runs the checks of one backend: one goroutine that keeps the time,
// and one for each check that is under way. A check does not wait for the one
// before it, since that may hang at a frozen server.
type checker struct {
	health *health
	rule   CheckOptions
	checks
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// checks is how a check is made, and who takes its outcome, without locks.
type checks struct {
	probe   func(context.Context) finding
	outcome func(start time.Time, f finding)
	late    func() (after time.Duration, overdue func(start time.Time)) // nil: never
}

// startChecker starts checking; the first check is made at once, unless the
// rule is Passive and the backend is up.
func startChecker(h *health, rule CheckOptions, how checks) *checker {
	ctx, cancel := context.WithCancel(context.Background())
	c := &checker{health: h, rule: rule, checks: how, cancel: cancel}
	h.follow(rule)
	c.done.Go(func() { c.run(ctx) })
	return c
}

// stop ends the checks and waits for them.
func (c *checker) stop() {
	c.cancel()
	c.done.Wait()
}

// agenda is what the timekeeper knows.
type agenda struct {
	regular time.Time     // when the last regular check began
	early   time.Time     // when the last one began that was asked for
	gap     time.Duration // until the next regular check
	running int
}

func (c *checker) run(ctx context.Context) {
	var a agenda
	ended := make(chan struct{}, c.overlap())
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if wait, due := c.next(&a); due {
			timer.Reset(max(wait, 0))
		} else {
			timer.Stop()
		}
		select {
		case <-ctx.Done():
			return
		case <-c.health.wake:
			continue
		case <-ended:
			a.running--
			continue
		case <-timer.C:
		}
		c.book(&a)
		c.done.Go(func() {
			c.check(ctx)
			ended <- struct{}{}
		})
	}
}

// overlap is how many checks may be under way: enough for the failures that
// take a backend down, and one that finds it thawed.
func (c *checker) overlap() int { return max(c.rule.Fall, 2) + 1 }

// next returns the time until the next check; due is false where none is
// before something happens.
func (c *checker) next(a *agenda) (wait time.Duration, due bool) {
	if a.running >= c.overlap() {
		return 0, false
	}
	h := c.health
	h.mu.Lock()
	defer h.mu.Unlock()
	if c.rule.Kind == Passive {
		if h.current() == Up {
			return 0, false
		}
		if h.current() == Down {
			// A server that takes connections and then fails would come back
			// with the same breath if it were asked right away.
			a.regular = later(a.regular, h.since)
		}
	}
	at := a.regular.Add(a.gap)
	if h.urgent || h.suspected {
		at = earlier(at, a.early.Add(c.rule.Interval/4))
	}
	return time.Until(at), true
}

// book notes that a check begins now.
func (c *checker) book(a *agenda) {
	a.running++
	now := time.Now()
	if now.Before(a.regular.Add(a.gap)) {
		a.early = now
	} else {
		a.regular = now
		a.gap = c.rule.Interval - c.rule.Interval/10 + rand.N(c.rule.Interval/5+1)
	}
	c.health.mu.Lock()
	defer c.health.mu.Unlock()
	c.health.urgent = false
}

func (c *checker) check(ctx context.Context) {
	start := time.Now()
	limited, cancel := context.WithTimeout(ctx, c.rule.Timeout)
	defer cancel()
	if c.late != nil && c.rule.Kind != Passive {
		after, overdue := c.late()
		defer time.AfterFunc(after, func() { overdue(start) }).Stop()
	}
	f := c.probe(limited)
	if ctx.Err() != nil || scarce(f.failure) {
		return // stopped, or could not ask: the outcome says nothing of the backend
	}
	c.outcome(start, f)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
