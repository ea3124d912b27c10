package proxy

import (
	"errors"
	"net/http"
	"time"

	"sterling/backend"
	"sterling/internal/accesslog"
	"sterling/internal/http1"
)

// ask picks a backend, tries it, and tries another where that cannot run the
// request twice.
//
// The rule, in full:
//
//   - Nothing was sent: any method goes to the next backend at once.
//   - Something was sent, no byte of the answer was seen: only a safe or
//     idempotent request does, and only if its body can be sent again.
//   - A byte of the answer was seen: never.
//
// No backend is tried twice for one request, but for one case: a kept connection
// that breaks before a byte of the answer may only have been idle for too long,
// and what may be repeated is repeated once over a new one. Every attempt after
// the first takes one from the pool's retry budget.
func (x *exchange) ask(req *http.Request) (*http.Response, error) {
	t := &x.trying
	// A look at the clock costs as much as routing does.
	*t = trying{x: x, pool: x.route.pool, req: req, started: x.record.Time.Add(x.record.Held)}
	if req.Body != nil && req.Body != http.NoBody {
		t.started = time.Now()
		t.spool = http1.NewSpool(req.Body, t.pool.cfg.ReplayBody)
	}
	t.pool.Request()
	return t.run()
}

// trying is the state of one request between its attempts.
type trying struct {
	x        *exchange
	pool     *pool
	req      *http.Request
	spool    *http1.Spool
	call     backend.Call // of the first attempt
	started  time.Time
	tried    backend.Tried
	counted  bool   // this request has counted against a backend's health
	hedge    *hedge // nil: none
	held     bool   // there is a place at the backend that was chosen
	waited   bool   // in vain: it does not queue again
	holds    int    // how often it was held after attempts
	released bool   // after one, nothing was tried yet
	last     error
}

func (t *trying) run() (*http.Response, error) {
	for {
		m, err := t.choose()
		if err != nil {
			return nil, t.give(err, "client")
		}
		limit, refused := time.Duration(0), "no_backend"
		if m != nil {
			limit, refused = t.allowance(m)
		}
		if refused != "" {
			if again, err := t.hold(refused); err != nil {
				return nil, t.give(err, "client")
			} else if again {
				continue
			}
			return nil, t.give(errNoBackend, refused)
		}
		t.tried.Add(m)
		t.released = false
		answer, err := t.attempt(m, limit, false)
		if t.hedge != nil && !t.hedge.settled {
			m, answer, err = t.hedge.settle(t, m, answer, err)
		}
		if t.closedUnderway(m, err) && t.pool.AllowRetry() {
			t.last = err
			answer, err = t.attempt(m, limit, true)
		}
		if err == nil {
			t.x.winner, t.x.reply = m, answer.Body
			return answer, nil
		}
		t.last = err
		if reason := t.final(err); reason != "" {
			return nil, t.give(err, reason)
		}
	}
}

// next is the backend to try: the visitor's own first, then by policy.
func (t *trying) next() *backend.Member {
	var own *backend.Member
	if t.x.pinned {
		own = t.pool.Pinned(t.x.pin.Backend)
		if own != nil && t.tried.Has(own) {
			own = nil
		}
		// A full one is waited for, or asked only to say so: see final.
		if own != nil && own.Takes(t.visitor(own)) && (t.stays() || t.queues() || !own.Full()) {
			return own
		}
	}
	m, _ := t.pool.Pick(t.tried)
	if own != nil && own.Outranks(m) {
		// With nobody known to be well, the visitor's own server is the best guess.
		return own
	}
	return m
}

// visitor is what a pinned visitor's own backend must know of him.
func (t *trying) visitor(own *backend.Member) backend.Visitor {
	v := backend.Visitor{Known: true}
	if o := own.Order(); o.Mode == backend.WhenIdle {
		v.Silent = t.x.silent(o)
	}
	return v
}

// stays reports whether a pinned visitor is refused rather than moved when his
// backend is full.
func (t *trying) stays() bool { return t.x.pinned && t.pool.cfg.WhenFull == "fail" }

// remaining is how long the next attempt may wait for its answer.
func (t *trying) remaining() (time.Duration, bool) {
	if t.last == nil {
		return t.pool.cfg.Timeout.Total, true
	}
	left := t.pool.cfg.Timeout.Total - time.Since(t.started)
	return left, left > 0
}

// closedUnderway reports whether the failure may be nothing but the backend's
// closing an idle connection just then. A request that may be repeated goes to
// the same backend once more, over a new connection: its visitor is known there.
func (t *trying) closedUnderway(m *backend.Member, err error) bool {
	if err == nil {
		return false // before failed is looked at, which costs
	}
	var failed *backend.Error
	return errors.As(err, &failed) && failed.Reused && failed.Kind == backend.BackendCut &&
		m.State() != backend.Down && t.final(err) == ""
}

func (t *trying) attempt(m *backend.Member, limit time.Duration, fresh bool) (*http.Response, error) {
	call, began := &t.call, t.started
	if t.last != nil {
		// Something may still hold the one before.
		call, began = new(backend.Call), time.Now()
	}
	*call = backend.Call{
		Body:          t.spool,
		Held:          t.held,
		Fresh:         fresh,
		Movable:       t.x.repeatable,
		CountFailure:  !t.counted,
		ResponseLimit: limit,
		Began:         began,
	}
	t.held = false
	if t.pool.cfg.ProxyProtocol > 0 {
		call.Ends = t.x.ends()
	}
	t.mayHedge(call, m)
	if !t.x.shared {
		call.Informed = t.x // ReverseProxy has a trace
	}
	if t.spool != nil {
		call.Trailers = t.x.trailers
	}
	answer, err := m.RoundTrip(t.request(m, t.last != nil), call)
	now, r := time.Now(), &t.x.record
	r.Backend = m.Name()
	r.Connect += call.Connect
	outcome := "ok"
	if err != nil {
		if outcome = errorWord(err); t.x.in.Context().Err() != nil {
			outcome = t.x.left()
		}
		t.counted = t.counted || call.Counted
	} else {
		answer.Request = t.req // ReverseProxy's hooks look for the exchange there
		r.Header = now.Sub(r.Time)
	}
	r.Attempts = append(r.Attempts, accesslog.Attempt{
		Backend: m.Name(), Duration: now.Sub(began), Outcome: outcome,
	})
	return answer, err
}

// trailers takes the client's trailers over, once its body has been read to
// the end. ReverseProxy has copied the announced names before there were values.
func (x *exchange) trailers(into http.Header) {
	for name := range into {
		into[name] = x.in.Trailer[name]
	}
}

// request is what this backend is sent. The first attempt may have it as it
// is; another one gets a copy, for the first may still be reading it.
func (t *trying) request(m *backend.Member, another bool) *http.Request {
	out := t.req
	if ua := out.Header["User-Agent"]; len(ua) == 1 && ua[0] == "" {
		delete(out.Header, "User-Agent") // ReverseProxy's way to say that there is none
	}
	if another {
		out = new(http.Request)
		*out = *t.req
		u := *t.req.URL
		out.URL = &u
	}
	to := m.URL()
	out.URL.Scheme, out.URL.Host = to.Scheme, to.Host
	if t.pool.cfg.Host == "backend" || t.x.in.Host == "" {
		out.Host = to.Host
	}
	return out
}

// final says why there is no further attempt after err; "" lets one be made.
func (t *trying) final(err error) string {
	if t.x.in.Context().Err() != nil || t.x.body.err() != nil {
		return "client"
	}
	var failed *backend.Error
	if !errors.As(err, &failed) {
		return "unknown"
	}
	switch {
	case failed.Kind == backend.Full && t.stays():
		return "full"
	case failed.Kind == backend.NoDescriptors:
		return "no_descriptors" // no other backend is in reach, and a visitor keeps his own
	case failed.NothingSent():
	case failed.Seen:
		return "answer_begun"
	case !t.x.repeatable:
		return "method"
	}
	if t.spool != nil && !t.spool.Replayable() {
		return "body_not_kept"
	}
	return ""
}

// give ends the request without an answer. When the first thing that went
// wrong was that nobody is there, that is the error; else the last attempt's.
func (t *trying) give(err error, reason string) error {
	if t.last != nil {
		err = t.last
		t.x.record.NotRetried = reason
	}
	return err
}

// mayRepeat reports whether the request may be run twice: its method is
// safe or idempotent (RFC 9110, section 9.2.2), or its client says so with an
// Idempotency-Key and the route believes it.
func (x *exchange) mayRepeat() bool {
	switch x.in.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete:
		return true
	}
	return x.route.cfg.IdempotencyKey && x.in.Header.Get("Idempotency-Key") != ""
}

// errorWord is the log's word for a failed attempt.
func errorWord(err error) string {
	var failed *backend.Error
	if errors.As(err, &failed) {
		return failed.Kind.String()
	}
	return "failed"
}
