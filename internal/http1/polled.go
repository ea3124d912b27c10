package http1

import "context"

// Polled is a context whose end is found by asking. The context of a request
// that [Server] hands out is one.
//
// Its Done starts a goroutine that watches the client, unless it was asked for
// before; Poll does not, so whoever waits in a loop of its own anyway had
// better call Poll now and then.
type Polled interface {
	context.Context

	// Poll returns nil as long as the work should go on, else why not: the
	// client has left, or the server's base context has ended, with its cause.
	// Once it has returned an error, the context has ended: Err, Done and
	// [context.Cause] say so, too. It may cost a system call. Any goroutine may
	// call it until the handler returns.
	Poll() error
}
