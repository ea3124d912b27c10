package proxy

import (
	"context"
	"errors"
	"net/http"
	"net/textproto"
	"runtime/debug"
	"time"

	"sterling/backend"
	"sterling/internal/accesslog"
	"sterling/internal/config"
	"sterling/internal/http1"
)

// hedge is an attempt beside the first one, whose answer takes long. The first
// of the two answers wins, and ends the other attempt.
//
// The first attempt stays on the goroutine of the request, which does not go on
// before the goroutine of the hedge has ended.
type hedge struct {
	cancel  context.CancelCauseFunc
	over    chan struct{} // closed when the first attempt has ended
	done    chan struct{} // closed when all that follows is there
	settled bool          // later attempts are none of its business

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
	h := &hedge{over: make(chan struct{}), done: make(chan struct{})}
	ctx, cancel := context.WithCancelCause(t.x.in.Context())
	h.cancel = cancel
	t.hedge = h
	go h.run(t, ctx, giveUp)
}

// run asks another backend. A panic is the attempt's error here: on this goroutine
// it would end the process.
func (h *hedge) run(t *trying, ctx context.Context, giveUp func() bool) {
	defer close(h.done)
	defer func() {
		if p := recover(); p != nil {
			h.err = &http1.PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	m := h.seek(t)
	if m == nil {
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

// hedgeTries is how often another backend is looked for.
const hedgeTries = 10

// seek returns another backend that is well, out of the retry budget. Where there
// is none, or nothing is left of the budget, it looks again each time that the
// request has waited for as long as before the first look.
func (h *hedge) seek(t *trying) *backend.Member {
	delay := max(time.Millisecond, time.Since(t.started))
	for range hedgeTries {
		m, _ := t.pool.Pick(t.tried)
		if m != nil && m.State() == backend.Up && !m.Frozen() && t.pool.AllowRetry() {
			return m
		}
		if t.tried.Len() >= len(t.pool.Members()) {
			break // there will be none
		}
		select {
		case <-h.over:
			return nil
		case <-time.After(delay):
		}
	}
	return nil
}

// unheard takes informational answers of the one that may not win.
type unheard struct{}

// Informed implements [backend.Informed].
func (unheard) Informed(int, textproto.MIMEHeader) error { return nil }

// settle takes how the first attempt ended, at m, and returns how the two did.
func (h *hedge) settle(t *trying, m *backend.Member, answer *http.Response, err error) (*backend.Member, *http.Response, error) {
	h.settled = true
	close(h.over)
	if err == nil {
		h.cancel(backend.ErrHedged)
	}
	<-h.done
	var panicked *http1.PanicError
	if errors.As(h.err, &panicked) {
		t.x.tellPanic(panicked.Value, panicked.Stack)
	}
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
