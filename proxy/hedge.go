package proxy

import (
	"context"
	"net/http"
	"net/textproto"
	"time"

	"sterling/backend"
	"sterling/internal/accesslog"
	"sterling/internal/config"
)

// hedge is an attempt beside the first one, whose answer takes long. The first
// of the two answers wins, and ends the other attempt.
//
// The first attempt stays on the goroutine of the request, which does not go on
// before the goroutine of the hedge has ended.
type hedge struct {
	cancel context.CancelCauseFunc
	done   chan struct{} // closed when all that follows is there

	member *backend.Member // nil: nobody was asked
	call   backend.Call
	answer *http.Response
	err    error
	began  time.Time
	took   time.Duration
}

// mayHedge allows one beside a first attempt, where the request is safe and has
// no body. A visitor who has a backend of his own leaves it only if that looks
// frozen: one that is merely slow is still the one that knows him.
func (t *trying) mayHedge(call *backend.Call, m *backend.Member) {
	delay, method := t.pool.cfg.Hedge, t.x.in.Method
	if delay == 0 || t.last != nil || t.spool != nil || t.x.upgrade != "" ||
		method != http.MethodGet && method != http.MethodHead {
		return
	}
	call.Hedge, call.HedgeFrozen = t, t.x.pinned && m.Name() == t.x.pin.Backend
	if delay != config.HedgeAuto {
		call.HedgeAfter = delay
	}
}

// Hedge implements [backend.Hedger].
func (t *trying) Hedge(giveUp func() bool) {
	h := &hedge{done: make(chan struct{})}
	ctx, cancel := context.WithCancelCause(t.x.in.Context())
	h.cancel = cancel
	t.hedge = h
	go h.run(t, ctx, giveUp)
}

// run asks another backend that is well, out of the retry budget.
func (h *hedge) run(t *trying, ctx context.Context, giveUp func() bool) {
	defer close(h.done)
	m, _ := t.pool.Pick(t.tried)
	if m == nil || m.State() != backend.Up || m.Frozen() || !t.pool.AllowRetry() {
		return
	}
	h.member, h.began = m, time.Now()
	h.call = backend.Call{
		Movable:       true,
		ResponseLimit: max(time.Millisecond, t.pool.cfg.Timeout.Total-h.began.Sub(t.started)),
		Began:         h.began,
		Informed:      unheard{},
	}
	if t.pool.cfg.ProxyProtocol > 0 {
		h.call.Ends = t.x.ends()
	}
	h.answer, h.err = m.RoundTrip(t.request(m, true).WithContext(ctx), &h.call) //nolint:bodyclose // settle does, or who has the answer
	h.took = time.Since(h.began)
	if h.err == nil && h.answer.StatusCode < http.StatusInternalServerError {
		giveUp() // or the first one has its answer at the same time
	}
}

// unheard takes informational answers of the one that may not win.
type unheard struct{}

// Informed implements [backend.Informed].
func (unheard) Informed(int, textproto.MIMEHeader) error { return nil }

// settle takes how the first attempt ended, at m, and returns how the two did.
func (h *hedge) settle(t *trying, m *backend.Member, answer *http.Response, err error) (*backend.Member, *http.Response, error) {
	if err == nil {
		h.cancel(backend.ErrHedged)
	}
	<-h.done
	if h.member == nil {
		h.cancel(nil)
		return m, answer, err
	}
	t.tried.Add(h.member)
	wins := err != nil && h.err == nil
	outcome := "ok"
	switch {
	case h.err != nil:
		outcome = errorWord(h.err)
	case !wins:
		outcome = backend.Hedged.String()
		_ = h.answer.Body.Close() // nobody wants it
	}
	r := &t.x.record
	r.Attempts = append(r.Attempts, accesslog.Attempt{Backend: h.member.Name(), Duration: h.took, Outcome: outcome})
	if !wins {
		h.cancel(nil)
		return m, answer, err
	}
	t.last = err
	h.answer.Request = t.req
	r.Backend, r.Header = h.member.Name(), h.began.Add(h.took).Sub(r.Time)
	return h.member, h.answer, nil
}
