package http2

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// requestContext is the context of a request. It is told of its end, so that
// Poll costs no more than a look, and makes a channel only for who asks for it.
type requestContext struct {
	base  context.Context
	local net.Addr
	cause atomic.Pointer[error]
	asked atomic.Bool // somebody may still hold what it has given out

	// mu guards what follows.
	mu     sync.Mutex
	done   chan struct{} // nil: nobody asked for it
	closed bool          // done is closed, or would be
	after  map[*func()]struct{}
}

// Deadline implements [context.Context].
func (x *requestContext) Deadline() (time.Time, bool) { return x.base.Deadline() }

// Done implements [context.Context].
func (x *requestContext) Done() <-chan struct{} {
	x.asked.Store(true)
	x.mu.Lock()
	if x.done == nil {
		x.done = make(chan struct{})
		if x.closed {
			close(x.done)
		}
	}
	done := x.done
	x.mu.Unlock()
	if x.base.Err() != nil {
		x.end(context.Cause(x.base)) // it may have ended before anybody could tell x
	}
	return done
}

// Err implements [context.Context].
func (x *requestContext) Err() error {
	if x.cause.Load() != nil {
		return context.Canceled
	}
	return x.base.Err()
}

// Value implements [context.Context]. It knows [http.LocalAddrContextKey].
func (x *requestContext) Value(key any) any {
	if key == http.LocalAddrContextKey {
		return x.local
	}
	return x.base.Value(key)
}

// Poll returns nil as long as the work should go on, else why not. It costs no
// system call.
func (x *requestContext) Poll() error {
	if p := x.cause.Load(); p != nil {
		return *p
	}
	if x.base.Err() != nil {
		return context.Cause(x.base)
	}
	return nil
}

// AfterFunc is what [context.AfterFunc] and the contexts made from x look for,
// so that they need no goroutine.
func (x *requestContext) AfterFunc(f func()) (stop func() bool) {
	_ = x.Done() // for its look at the base
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		go f()
		return func() bool { return false }
	}
	if x.after == nil {
		x.after = make(map[*func()]struct{})
	}
	x.after[&f] = struct{}{}
	return func() bool {
		x.mu.Lock()
		defer x.mu.Unlock()
		_, waiting := x.after[&f]
		delete(x.after, &f)
		return waiting
	}
}

// end ends the context, unless it has ended. It calls what waits for that, so
// it must not be called under a lock.
func (x *requestContext) end(cause error) {
	x.cause.CompareAndSwap(nil, &cause)
	x.mu.Lock()
	if x.closed {
		x.mu.Unlock()
		return
	}
	x.closed = true
	if x.done != nil {
		close(x.done)
	}
	after := x.after
	x.after = nil
	x.mu.Unlock()
	for f := range after {
		(*f)()
	}
}
