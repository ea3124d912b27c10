package backend

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"
)

// h2 speaks HTTP/2 to one backend, with TLS or without, through the transport
// of the standard library. That one shares its connections by itself; each
// attempt brings its limits along.
type h2 struct {
	dialer   *dialer
	protocol Protocol
	idle     time.Duration // that a connection is kept without a request

	mu     sync.Mutex // guards what follows
	link   *stdLink
	closed bool
}

func newH2(d *dialer, protocol Protocol, idle time.Duration) *h2 {
	return &h2{dialer: d, protocol: protocol, idle: idle, link: newStdLink(d, protocol, idle)}
}

// current returns the link for one attempt, which must say when it is done.
func (t *h2) current() *stdLink {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		t.link = newStdLink(t.dialer, t.protocol, t.idle)
	}
	link := t.link
	link.use()
	if t.closed {
		link.retire()
	}
	return link
}

// replace gives the link up, for a new one.
func (t *h2) replace(last bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = t.closed || last
	t.link.retire()
	t.link = newStdLink(t.dialer, t.protocol, t.idle)
}

func (t *h2) roundTrip(a *attempt) (*http.Response, *Error) {
	a.hook()
	a.enlist()
	ctx, cancel := context.WithCancelCause(context.WithValue(a.req.Context(), connectLimitKey{}, a.connectLimit()))
	if cause := a.running(cancel, nil); cause != nil {
		cancel(cause)
		return nil, &Error{Kind: endedKind(cause), Err: cause}
	}
	x := &h2Exchange{attempt: a, cancel: cancel, link: t.current()}
	req := a.req.WithContext(httptrace.WithClientTrace(ctx, x.trace()))
	req.Body, req.GetBody = nil, nil
	if a.call.Body != nil {
		body, ok := a.call.Body.Attempt()
		if !ok {
			x.end()
			return nil, &Error{Kind: ClientBody, Err: errNotReplayable}
		}
		x.body = &h2RequestBody{body: body, limit: a.member.timeouts.BodyIdle, cancel: cancel, end: a.trailers(req)}
		req.Body = x.body
	}
	resp, err := x.link.std.RoundTrip(req)
	x.settle()
	if err != nil {
		e := x.error(ctx, err)
		x.end()
		return nil, e
	}
	if sent := x.sentAt(); !sent.IsZero() {
		a.observe(sent)
	}
	resp.Request = a.req
	resp.Body = &h2Body{exchange: x, ctx: ctx, body: resp.Body, limit: a.member.timeouts.BodyIdle}
	return resp, nil
}

// error turns an error of the transport into ours.
func (x *h2Exchange) error(ctx context.Context, err error) *Error {
	sent, seen, reused := x.progress()
	x.attempt.call.Reused = reused
	e := &Error{Kind: BackendCut, Sent: sent, Seen: seen, Reused: reused && !seen, Err: err}
	var ours *Error
	switch {
	case ctx.Err() != nil:
		e.Err = context.Cause(ctx)
		e.Kind = endedKind(e.Err)
	case x.body.failure() != nil:
		e.Kind, e.Err = ClientBody, x.body.failure()
	case errors.As(err, &ours):
		return ours // from the dialer
	case refused(err):
		e.Sent = false
	case strings.Contains(err.Error(), "malformed") || strings.Contains(err.Error(), "PROTOCOL_ERROR"):
		e.Kind = BadResponse
	}
	return e
}

// streamError has the shape in which net/http gives out the stream errors of
// its HTTP/2 client.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (streamError) Error() string { return "stream error" }

// refused reports whether the backend said that it has processed nothing of
// the request: a refused stream, or one above the last that a GOAWAY named
// (RFC 9113, section 8.7). Where a body was begun, net/http says so in words only.
func refused(err error) bool {
	const refusedStream = 7
	var stream streamError
	if errors.As(err, &stream) {
		return stream.Code == refusedStream
	}
	text := err.Error()
	return strings.Contains(text, "REFUSED_STREAM") || strings.Contains(text, "graceful shutdown GOAWAY")
}

func (t *h2) discard() { t.replace(false) }

// sweep does nothing: the transport does it itself.
func (t *h2) sweep(time.Time) {}

func (t *h2) close() { t.replace(true) }
