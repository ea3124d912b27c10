package http1

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// How often a client is looked at whose request's context somebody waits for.
const (
	firstLook = 50 * time.Millisecond
	laterLook = 250 * time.Millisecond
)

// serverContext is a request's context. It ends when the handler returns, and
// before when the client has left (see clientLeft) or the base ends; the
// latter two are found by asking, or by a goroutine that asks once somebody
// wants Done.
type serverContext struct {
	c    *serverConn
	real atomic.Pointer[realContext] // nil as long as it has not ended and nobody asked for Done

	// mu guards what follows, and the making of real.
	mu       sync.Mutex
	closedAt time.Time     // when the client's FIN was first seen; zero: not
	watched  chan struct{} // closed when the watcher is gone; nil: there is none
}

// realContext is a context that ends by itself.
type realContext struct {
	context.Context
	cancel context.CancelCauseFunc
}

// Deadline implements [context.Context].
func (x *serverContext) Deadline() (time.Time, bool) { return x.base().Deadline() }

// base is the connection's, which is valid for as long as a request is.
func (x *serverContext) base() context.Context { return x.c.s.o.Base }

// Done implements [context.Context]. It starts the watcher.
func (x *serverContext) Done() <-chan struct{} {
	x.mu.Lock()
	defer x.mu.Unlock()
	r := x.make()
	if x.watched == nil && r.Err() == nil {
		x.watched = make(chan struct{})
		go x.watch(r, x.watched)
	}
	return r.Done()
}

// make expects mu to be held.
func (x *serverContext) make() *realContext {
	r := x.real.Load()
	if r == nil {
		r = &realContext{}
		r.Context, r.cancel = context.WithCancelCause(x.base())
		x.real.Store(r)
	}
	return r
}

// Err implements [context.Context].
func (x *serverContext) Err() error {
	if r := x.real.Load(); r != nil {
		return r.Err()
	}
	return x.base().Err()
}

// Value implements [context.Context]. It knows [http.LocalAddrContextKey].
func (x *serverContext) Value(key any) any {
	if key == http.LocalAddrContextKey {
		return x.c.local
	}
	if r := x.real.Load(); r != nil {
		return r.Value(key)
	}
	return x.base().Value(key)
}

// Poll implements [Polled].
func (x *serverContext) Poll() error {
	if x.Err() == nil && x.clientLeft() {
		x.end(errClientGone)
	}
	return context.Cause(x)
}

// end ends the context with a cause, unless it has ended.
func (x *serverContext) end(cause error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.make().cancel(cause)
}

// watch polls until the context ends.
func (x *serverContext) watch(r *realContext, gone chan struct{}) {
	defer close(gone)
	timer := time.NewTimer(firstLook)
	defer timer.Stop()
	for wait := firstLook; ; {
		select {
		case <-r.Done():
			return
		case <-timer.C:
		}
		if x.Poll() != nil {
			return
		}
		wait = min(2*wait, laterLook)
		timer.Reset(wait)
	}
}

// finish is called when the handler has returned. It waits for the watcher.
func (x *serverContext) finish() {
	r := x.real.Load()
	if r == nil {
		return
	}
	r.cancel(nil)
	x.mu.Lock()
	gone := x.watched
	x.mu.Unlock()
	if gone != nil {
		<-gone
	}
}

// asked reports whether somebody may still hold what it has given out.
func (x *serverContext) asked() bool { return x.real.Load() != nil }

// reset makes it ready for the next request. asked was false.
func (x *serverContext) reset() { x.closedAt = time.Time{} }

// finPatience is how long a client's FIN may stand before it counts as leaving.
//
// A client that has sent its request and then FIN may still read: "printf … |
// nc -N" does. A browser whose page is closed sends FIN, too, and its kernel
// answers with a reset only once something is written to it. Nothing tells the
// two apart before that. So a FIN alone is taken for half a close for as long
// as a script would think nothing of waiting, and for a whole one after that;
// a reset counts at once.
const finPatience = 3 * time.Second

// clientLeft asks the kernel.
func (x *serverContext) clientLeft() bool {
	fin, gone := peerState(x.c.raw)
	if gone || !fin {
		return gone
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closedAt.IsZero() {
		x.closedAt = time.Now()
	}
	return time.Since(x.closedAt) >= finPatience
}
