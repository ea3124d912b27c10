package backend

import (
	"context"
	"net/http"
	"time"

	"sterling/internal/http1"
	"sterling/internal/proxyline"
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
	a.pollOrHook()
	a.exchange.Memory = &a.memory
	if c, ok := t.reuse(a); ok {
		a.call.Reused = true
		a.member.counts.reused.Add(1)
		resp, err := t.exchange(a, c.ClientConn, a.start)
		if err == nil || err.Kind != Stale {
			return resp, err
		}
		if !a.replayable() {
			return resp, err
		}
		a.member.counts.stale.Add(1)
		a.exchange.Memory = nil // the client's body may still be read for the exchange before
	}
	a.call.Reused = false
	conn, err := t.connect(a)
	if err != nil {
		return nil, err
	}
	a.member.counts.dialed.Add(1)
	return t.exchange(a, conn, time.Now())
}

// reuse returns an idle connection that is alive and may be given to a. It looks
// at each, however short it was idle: what the backend has sent unasked would be
// taken for the answer to a.
func (t *h1) reuse(a *attempt) (idleConn, bool) {
	if a.call.Fresh {
		return idleConn{}, false
	}
	maxAge := t.keep.retireAt()
	if !a.call.Movable && !a.member.reuseForAll {
		return idleConn{}, false
	}
	if !a.call.Movable {
		maxAge = provedFor
		if known := t.keep.known(); known > 0 {
			maxAge = min(maxAge, known/2)
		}
	}
	for {
		c, ok := t.take(a, maxAge)
		if !ok || c.Alive() {
			return c, ok
		}
		t.bury(c, a.start)
	}
}

// take returns an idle connection that may serve the client of a.
func (t *h1) take(a *attempt, maxAge time.Duration) (idleConn, bool) {
	if t.dialer.line == 0 {
		return t.idle.take(a.start, maxAge)
	}
	return t.idle.takeOf(a.call.Ends, a.start, maxAge)
}

// ends are whom a connection was made for; zero: for anybody.
func (t *h1) ends(a *attempt) proxyline.Ends {
	if t.dialer.line == 0 {
		return proxyline.Ends{}
	}
	return a.call.Ends
}

// bury closes a connection that the backend has closed, and learns from it.
func (t *h1) bury(c idleConn, now time.Time) {
	_ = c.Close() // the backend has done so before
	t.keep.closed(now, now.Sub(c.since))
}

// connect makes a new connection.
func (t *h1) connect(a *attempt) (*http1.ClientConn, *Error) {
	a.enlist() // this may take its time
	parent := a.req.Context()
	if a.polled != nil {
		parent = context.WithoutCancel(parent) // it is short, and watching costs more
	}
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	if cause := a.running(cancel, nil); cause != nil {
		return nil, &Error{Kind: endedKind(cause), Err: cause}
	}
	start := time.Now()
	conn, err := t.dialer.dial(ctx, a.connectLimit(), a.call.Ends)
	a.call.Connect = time.Since(start)
	if err != nil {
		return nil, asError(err)
	}
	return http1.NewClientConn(conn), nil
}

// exchange sends the request over conn and reads the head of the answer.
func (t *h1) exchange(a *attempt, conn *http1.ClientConn, begin time.Time) (*http.Response, *Error) {
	if cause := a.running(nil, conn); cause != nil {
		_ = conn.Close() // nothing is under way on it
		return nil, &Error{Kind: endedKind(cause), Err: cause}
	}
	x := &a.exchange
	*x = http1.Exchange{
		Request: a.req,
		// The end of the request's reaches conn through the attempt: that one
		// knows when conn serves another.
		Context:   context.Background(),
		Step:      a.own.step,
		Suspect:   a.patience(),
		OnSuspect: a.own.suspected,
		Response:  a.responseLimit(),
		BodyIdle:  a.member.timeouts.BodyIdle,
		FirstByte: a.own.firstByte,
		Got1xx:    a.own.informed,
		Begins:    begin,
		Memory:    x.Memory,
	}
	var sent *sentTimer
	if a.call.Body != nil {
		body, ok := a.call.Body.Attempt()
		if !ok {
			_ = conn.Close() // nothing is under way on it
			return nil, &Error{Kind: ClientBody, Err: errNotReplayable}
		}
		sent = &sentTimer{body: body, begin: begin}
		x.Request, sent.end = a.withTrailers()
		x.Body = sent
	}
	resp, err := conn.RoundTrip(x)
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
	since := a.exchange.Ended
	t.idle.put(idleConn{ClientConn: conn, since: since, expires: since.Add(a.member.timeouts.Idle), ends: t.ends(a)}, a.member.maxIdle)
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
