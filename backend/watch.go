package backend

import (
	"context"
	"net/http/httptrace"
	"net/textproto"

	"sterling/internal/http1"
)

// polled is a context that may be asked whether it has ended, which is cheaper
// than to be told: see [http1.Polled].
type polled interface{ Poll() error }

// hook makes the attempt end with the request's context.
func (a *attempt) hook() {
	ctx := a.req.Context()
	if ctx.Done() != nil {
		a.unhook = context.AfterFunc(ctx, func() { a.interrupt(context.Cause(ctx)) })
	}
	if ctx.Err() != nil {
		a.interrupt(context.Cause(ctx)) // before anything is sent
	}
}

// pollOrHook does without a hook where the steps of the exchange will do: the
// context can be asked, and nothing lives on after the answer.
func (a *attempt) pollOrHook() {
	ctx := a.req.Context()
	p, ok := ctx.(polled)
	if !ok || len(a.req.Header["Upgrade"]) > 0 {
		a.hook()
		return
	}
	a.polled = p
	if ctx.Err() != nil {
		a.interrupt(context.Cause(ctx))
	}
}

// step is called now and then while the attempt waits for its backend.
func (a *attempt) step() error {
	if a.polled != nil {
		if err := a.polled.Poll(); err != nil {
			a.interrupt(err)
		}
	}
	a.enlist()
	return a.interrupted()
}

// enlist makes the attempt end when the backend is marked down, where it may be
// moved. Most are over before it comes to that.
func (a *attempt) enlist() {
	if !a.call.Movable || a.stays || a.listed.Load() {
		return
	}
	a.member.waiting.add(a)
	// It may have gone down between the look at it and the entry in the list.
	// One that was down before was chosen for want of a better.
	if a.before != Down && a.member.State() == Down && a.replayable() {
		a.interrupt(errMoved)
	}
}

// stay keeps the attempt where it is, since a byte of an answer was seen.
func (a *attempt) stay() {
	a.stays = true
	a.member.waiting.remove(a)
}

// firstByte is called when a byte of an answer was seen. It returns why the
// attempt was ended before: then it counts as one that has seen none.
func (a *attempt) firstByte() error {
	a.stay()
	return a.interrupted()
}

// informed passes a 1xx answer on.
func (a *attempt) informed(code int, header textproto.MIMEHeader) error {
	if a.call.Informed != nil {
		return a.call.Informed.Informed(code, header)
	}
	trace := httptrace.ContextClientTrace(a.req.Context())
	if trace == nil || trace.Got1xxResponse == nil {
		return nil
	}
	return trace.Got1xxResponse(code, header)
}

// interrupt ends what the attempt is doing, from any goroutine.
func (a *attempt) interrupt(cause error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over || a.cause != nil {
		return
	}
	a.cause = cause
	if a.cancel != nil {
		a.cancel(cause)
	}
	if a.conn != nil {
		a.conn.Abort(cause)
	}
}

// interrupted returns why the attempt was interrupted; nil: it was not.
func (a *attempt) interrupted() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.cause
}

// running says what the attempt is doing, so that it can be interrupted. It
// returns the cause if it has been already.
func (a *attempt) running(cancel context.CancelCauseFunc, conn *http1.ClientConn) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cancel, a.conn = cancel, conn
	return a.cause
}
