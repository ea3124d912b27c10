package backend

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"sterling/internal/http1"
)

// attempt is one call at one backend, from the moment it counts as in flight
// until its answer's body was read or closed.
type attempt struct {
	member *Member
	req    *http.Request
	call   *Call
	start  time.Time
	before State  // of the backend, when it began
	polled polled // the request's context, where that can be asked; nil: it cannot
	unhook func() bool
	ended  atomic.Bool
	caught bool // the end of the context came too late to be called off
	stays  bool // a byte of an answer was seen, so that it is not moved

	exchange http1.Exchange
	memory   http1.Memory
	body     h1Body
	own      callbacks

	prev, next *attempt // guarded by waiting.mu
	listed     atomic.Bool
	doubted    atomic.Bool // its answer takes longer than Hedge waits for
	hedged     atomic.Bool // Hedge was called
	suspicious bool        // its answer takes longer than is usual

	mu     sync.Mutex              // guards what follows
	cause  error                   // why it was interrupted
	over   bool                    // the connection may serve another: hands off
	cancel context.CancelCauseFunc // of what runs now; may be nil
	conn   *http1.ClientConn       // what it runs over; may be nil
}

// RoundTrip takes req to the member's backend and returns the head of its
// answer, once. It follows no redirect and never tries another backend.
//
// It sends req's method, URL, Host and Header as they are and, for a body,
// ContentLength and Trailer; [Call.Body] holds the body itself. The end of
// req's context ends the attempt at any point. A 1xx answer is given to
// [Call.Informed].
//
// Where a reused connection proves to have been closed before the backend took
// a byte of the request, it goes over a new connection to the same backend,
// once: no process has seen it, so that this is still the same attempt.
//
// Errors are *[Error], from reading the response's body, too. The body must be
// closed; reading it to its end ends the attempt, as well. After a 101 it is
// an io.ReadWriteCloser with CloseWrite.
func (m *Member) RoundTrip(req *http.Request, call *Call) (*http.Response, error) {
	if !call.Held && !m.acquire() {
		m.counts.full.Add(1)
		return nil, &Error{Kind: Full, Err: errFull}
	}
	m.counts.requests.Add(1)
	a := newAttempt(m, req, call)
	resp, err := m.transport.roundTrip(a)
	if err != nil {
		a.end()
		a.failed(err)
		return nil, err
	}
	a.stay()
	call.attempt = a
	call.Header = a.answered().Sub(a.start)
	m.health.answered()
	m.silence.end()
	m.answeredWith(resp.StatusCode)
	if m.State() != Up {
		m.settle()
	}
	return resp, nil
}

var errFull = errors.New("the backend's in-flight limit is reached")

// trailers gives req, which is one exchange's own, a header for its trailers,
// and returns what fills it in at the end of the body.
func (a *attempt) trailers(req *http.Request) (end func()) {
	if a.call.Trailers == nil || len(req.Trailer) == 0 {
		return nil
	}
	own := make(http.Header, len(req.Trailer))
	for name := range req.Trailer {
		own[name] = nil
	}
	req.Trailer = own
	return func() { a.call.Trailers(own) }
}

// withTrailers returns a request for an exchange of its own, where need be.
func (a *attempt) withTrailers() (req *http.Request, end func()) {
	if a.call.Trailers == nil || len(a.req.Trailer) == 0 {
		return a.req, nil
	}
	req = new(http.Request)
	*req = *a.req
	return req, a.trailers(req)
}

// replayable reports whether the body can be sent again.
func (a *attempt) replayable() bool {
	return a.call.Body == nil || a.call.Body.Replayable()
}

// end takes the attempt out of every list, once, and reports whether its
// connection was left in peace.
func (a *attempt) end() (clean bool) {
	a.mu.Lock()
	a.over = true
	clean = a.cause == nil
	a.mu.Unlock()
	if a.ended.Swap(true) {
		return clean
	}
	a.caught = a.unhook != nil && !a.unhook()
	a.member.waiting.remove(a)
	a.member.GiveBack()
	return clean
}

// failed counts a failure, and tells the health of it.
func (a *attempt) failed(err *Error) {
	b, t := a.member.Backend, a.member.timeouts
	switch err.Kind {
	case Moved:
		b.counts.moved.Add(1)
		return
	case Hedged:
		b.counts.hedged.Add(1)
		a.lost(time.Now())
		return
	case Full, NoDescriptors, ClientClosed, ClientBody:
		return
	case Unresolved, ConnectFailed, ConnectTimeout, TLSFailed:
		b.counts.failures.Add(1)
		b.counts.connectFailures.Add(1)
		if limit := a.connectLimit(); err.Kind == ConnectTimeout && limit < t.Connect {
			break // it was not given the time
		}
		if scarce(err.Err) {
			break
		}
		b.erred()
		b.health.connectFailed(describe(err.Err, t.Connect))
	default:
		b.counts.failures.Add(1)
		// An idle connection that is closed while it is taken into use is no fault.
		raced := err.Reused || err.Kind == Stale
		if !raced {
			b.erred()
		}
		count := a.call.CountFailure && !raced
		a.call.Counted = b.health.exchangeFailed(describe(err.Err, t.Response), count)
	}
	b.settle()
}

// connectLimit is the time for connecting.
func (a *attempt) connectLimit() time.Duration {
	return shorter(a.member.timeouts.Connect, a.call.ResponseLimit)
}

// responseLimit is the time for the wait for an answer.
func (a *attempt) responseLimit() time.Duration {
	return shorter(a.member.timeouts.Response, a.call.ResponseLimit)
}

// observe counts the time that the answer took, from when the request was
// sent. What was held up by a fault is no measure of a backend in health.
func (a *attempt) observe(sent time.Time) {
	if c := a.member.conduct.Load(); c != nil {
		c.took(a.answered().Sub(sent))
	}
	if a.member.health.settledSince(a.start) {
		a.member.latency.observe(a.answered().Sub(sent))
	}
}

// answered is when the head of the answer had come.
func (a *attempt) answered() time.Time {
	if t := a.exchange.Answered; !t.IsZero() {
		return t
	}
	return time.Now() // over HTTP/2
}

// shorter returns the shorter of a limit and one that may be 0 for none.
func shorter(limit, other time.Duration) time.Duration {
	if other > 0 {
		return min(limit, other)
	}
	return limit
}
