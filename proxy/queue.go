package proxy

import (
	"time"

	"sterling/backend"
)

// queues reports whether the request may wait for a place at a backend that has
// reached its in-flight limit.
func (t *trying) queues() bool { return t.pool.cfg.Queue > 0 && !t.waited }

// choose is the backend to try next, once there is a place at it; nil: there is
// none to try. An error is why the client waits no longer.
func (t *trying) choose() (*backend.Member, error) {
	m := t.next()
	if !t.queues() || m != nil && !m.Full() {
		return m, nil
	}
	began := time.Now()
	m, err := t.queue(m, began.Add(t.pool.cfg.QueueTimeout-t.x.record.Queued))
	now := time.Now()
	t.x.record.Queued += now.Sub(began)
	t.started = t.started.Add(now.Sub(began)) // the limit for all attempts is not for this
	return m, err
}

// queue waits until end for own, or, where that is nil, for anybody. Where the
// wait is in vain, or as many are waiting as may, the pool's when_full decides.
func (t *trying) queue(own *backend.Member, end time.Time) (*backend.Member, error) {
	for {
		turn := t.pool.Queue(own, t.tried)
		if turn == nil {
			break
		}
		m, came, err := await(t.x.in.Context(), turn.Ready(), time.Until(end))
		turn.Leave()
		if err != nil {
			return nil, err
		}
		if !came {
			break
		}
		if m = t.takeUp(m); m != nil {
			t.held = true
			return m, nil
		}
		if own = t.next(); own != nil && !own.Full() {
			return own, nil
		}
	}
	t.waited = true
	return t.next(), nil
}

// takeUp goes on by the configuration that is in force, which may have come during
// the wait, and returns m as a member of that. nil: there is no place.
func (t *trying) takeUp(m *backend.Member) *backend.Member {
	t.lookUp()
	if m == nil || m.Pool() == t.pool.Pool {
		return m
	}
	now := t.pool.Pinned(m.Name())
	if now == nil || now.Backend != m.Backend {
		m.GiveBack()
		return nil
	}
	return now
}

// allowance is how long the next attempt, at m, may wait for its answer, or why
// there must not be one: then the place at m is given back.
func (t *trying) allowance(m *backend.Member) (limit time.Duration, refused string) {
	limit, ok := t.remaining()
	switch {
	case !ok:
		refused = "total"
	case t.last != nil && !t.released && !t.pool.AllowRetry():
		refused = "budget"
	}
	if refused != "" && t.held {
		t.held = false
		m.GiveBack()
	}
	return limit, refused
}
