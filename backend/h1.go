package backend

import (
	"context"
	"net/http"
	"time"

	"sterling/internal/http1"
)

// provedFor is how long a connection may have been idle to be trusted with a
// request that must not be sent twice.
const provedFor = time.Second

// h1 speaks HTTP/1.1 to one backend.
type h1 struct {
	dialer *dialer
	idle   idlePool
	keep   idleClose
}

func newH1(d *dialer, learned func(time.Duration)) *h1 {
	return &h1{dialer: d, keep: idleClose{learned: learned}}
}

func (t *h1) roundTrip(a *attempt) (*http.Response, *Error) {
	if conn, ok := t.reuse(a); ok {
		a.call.Reused = true
		a.member.counts.reused.Add(1)
		resp, err := t.exchange(a, conn)
		if err == nil || err.Kind != Stale || !a.replayable() {
			return resp, err
		}
		a.member.counts.stale.Add(1)
	}
	a.call.Reused = false
	conn, err := t.connect(a)
	if err != nil {
		return nil, err
	}
	a.member.counts.dialed.Add(1)
	return t.exchange(a, conn)
}

// reuse returns an idle connection that is alive and may be given to a.
func (t *h1) reuse(a *attempt) (*http1.ClientConn, bool) {
	if a.call.Fresh {
		return nil, false
	}
	maxAge := t.keep.retireAt()
	if !a.call.Movable && !a.member.reuseForAll {
		return nil, false
	}
	if !a.call.Movable {
		maxAge = provedFor
		if known := t.keep.known(); known > 0 {
			maxAge = min(maxAge, known/2)
		}
	}
	for {
		c, ok := t.idle.take(a.start, maxAge)
		if !ok {
			return nil, false
		}
		if c.Alive() {
			return c.ClientConn, true
		}
		t.bury(c, a.start)
	}
}

// bury closes a connection that the backend has closed, and learns from it.
func (t *h1) bury(c idleConn, now time.Time) {
	_ = c.Close() // the backend has done so before
	t.keep.closed(now, now.Sub(c.since))
}

// connect makes a new connection.
func (t *h1) connect(a *attempt) (*http1.ClientConn, *Error) {
	parent := a.req.Context()
	if a.polled != nil {
		parent = context.WithoutCancel(parent) // connecting is limited in time, and short
	}
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	if cause := a.running(cancel, nil); cause != nil {
		return nil, &Error{Kind: endedKind(cause), Err: cause}
	}
	start := time.Now()
	conn, err := t.dialer.dial(ctx, a.connectLimit())
	a.call.Connect = time.Since(start)
	if err != nil {
		return nil, asError(err)
	}
	return http1.NewClientConn(conn), nil
}

// exchange sends the request over conn and reads the head of the answer.
func (t *h1) exchange(a *attempt, conn *http1.ClientConn) (*http.Response, *Error) {
	if cause := a.running(nil, conn); cause != nil {
		_ = conn.Close() // nothing is under way on it
		return nil, &Error{Kind: endedKind(cause), Err: cause}
	}
	begin := time.Now()
	x := http1.Exchange{
		Request: a.req,
		// Not that of the request, the end of which reaches conn through the
		// attempt: that one knows when conn serves another.
		Context:   context.Background(),
		Begins:    begin,
		Suspect:   a.patience(),
		OnSuspect: a.suspected,
		Response:  a.responseLimit(),
		BodyIdle:  a.member.timeouts.BodyIdle,
		Got1xx:    a.informed,
	}
	var sent *sentTimer
	if a.polled != nil {
		x.Step = a.step
	}
	if a.call.Body != nil {
		body, ok := a.call.Body.Attempt()
		if !ok {
			_ = conn.Close() // nothing is under way on it
			return nil, &Error{Kind: ClientBody, Err: errNotReplayable}
		}
		own := *a.req // its trailers are set while it is sent
		x.Request = &own
		sent = &sentTimer{body: body, begin: begin, end: a.trailers(&own)}
		x.Body = sent
	}
	resp, err := conn.RoundTrip(&x)
	if err != nil {
		_ = conn.Close() // the exchange's error says more
		return nil, h1Error(a, err)
	}
	a.observe(begin.Add(sent.took()))
	resp.Request = a.req
	t.wrap(a, conn, resp)
	return resp, nil
}

// release takes the connection back from an attempt that has ended.
func (t *h1) release(a *attempt, conn *http1.ClientConn) {
	if clean := a.end(); !clean || !conn.Reusable() {
		_ = conn.Close() // whatever is left of the answer is not wanted
		return
	}
	if announced, _ := conn.KeepAlive(); announced > 0 {
		t.keep.announce(announced)
	}
	now := time.Now()
	t.idle.put(idleConn{conn, now, now.Add(a.member.timeouts.Idle)}, a.member.maxIdle)
}

func (t *h1) discard() { closeAll(t.idle.empty(false)) }

func (t *h1) close() { closeAll(t.idle.empty(true)) }

// sweep closes the connections whose time is over, and finds those that the
// backend has closed.
func (t *h1) sweep(now time.Time) {
	t.keep.forget(now)
	retireAt := t.keep.retireAt()
	var alive []idleConn
	for _, c := range t.idle.older(now, sweepEvery/2) {
		switch {
		case now.After(c.expires), retireAt > 0 && now.Sub(c.since) >= retireAt:
			_ = c.Close() // nothing is under way on it
		case !c.Alive():
			t.bury(c, now)
		default:
			alive = append(alive, c)
		}
	}
	if len(alive) > 0 {
		closeAll(t.idle.restore(alive))
	}
}
