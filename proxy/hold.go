package proxy

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"sterling/backend"
	"sterling/internal/http2"
)

// news tells those who wait that something about a backend, or the
// configuration, has changed.
type news struct {
	ch atomic.Pointer[chan struct{}]
}

// next is closed when something changes after the call.
func (n *news) next() <-chan struct{} {
	for {
		if ch := n.ch.Load(); ch != nil {
			return *ch
		}
		ch := make(chan struct{})
		n.ch.CompareAndSwap(nil, &ch)
	}
}

func (n *news) tell() {
	if ch := n.ch.Swap(nil); ch != nil {
		close(*ch)
	}
}

// waitingRoom is where the requests of a pool are held while no backend may
// take them. It outlives reloads.
type waitingRoom struct {
	mu       sync.Mutex // guards what follows
	requests int
	bytes    int64
}

// enter reports whether there is room for one more of that size.
func (w *waitingRoom) enter(size int64, requests int, bytes int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.requests >= requests || w.bytes+size > bytes {
		return false
	}
	w.requests++
	w.bytes += size
	return true
}

func (w *waitingRoom) leave(size int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests--
	w.bytes -= size
}

func (w *waitingRoom) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.requests
}

// What a client may send of a body that nobody reads, which is kept in memory: what
// the buffers of a connection take, or the window of a stream.
const (
	unreadBody         = 64 << 10
	unreadBodyStandard = 1 << 20 // HTTP/2 of the standard library
)

// unread is the most that there can be of this request's body.
func (x *exchange) unread() int64 {
	switch {
	case x.in.ProtoMajor == 3:
		return maxStreamWindow
	case x.in.ProtoMajor == 2 && x.door.native:
		return http2.StreamWindow
	case x.in.ProtoMajor == 2:
		return unreadBodyStandard
	}
	return unreadBody
}

// size is what the request takes while it is held.
func (x *exchange) size() int64 {
	_, size := headSize(x.in)
	if s := x.trying.spool; s != nil {
		size += s.Read()
	}
	if n := x.in.ContentLength; n != 0 && x.body != nil {
		if most := x.unread(); n < 0 || n > most {
			n = most
		}
		size += n
	}
	return size
}

// wait is one stay in the waiting room.
type wait struct {
	x     *exchange
	room  *waitingRoom
	size  int64
	began time.Time
	end   time.Time
}

// enter has the request wait for as long as its pool holds it, or reports
// that it does not: it may have waited already, or there is no room.
func (x *exchange) enter() (wait, bool) {
	p := x.route.pool
	w := wait{x: x, room: &p.counters.room, size: x.size(), began: time.Now()}
	w.end = w.began.Add(p.cfg.Hold - x.record.Held)
	return w, w.began.Before(w.end) && w.room.enter(w.size, p.cfg.HoldRequests, p.cfg.HoldBytes)
}

func (w *wait) leave() {
	w.room.leave(w.size)
	w.x.record.Held += time.Since(w.began)
}

// next waits for news, or until something has to be looked at again. It
// reports whether there is time left. An error is why the client waits no longer.
func (w *wait) next(told <-chan struct{}, look time.Duration) (bool, error) {
	left := time.Until(w.end)
	if left <= 0 {
		return false, nil
	}
	_, _, err := await(w.x.in.Context(), told, min(left, look))
	return err == nil, err
}

// hold keeps the request until somebody may serve it, before anything was done
// with it: a configuration that comes meanwhile is the one that counts then.
// It reports false where the request has been answered.
func (x *exchange) hold() bool {
	for !x.served() {
		changed, err := x.holdOnce()
		if err != nil {
			x.fail(err)
			return false
		}
		if !changed {
			break // somebody is there, or it was in vain
		}
		if v, ok := x.renew(); !ok {
			x.refuse(v)
			return false
		}
	}
	return true
}

// holdOnce waits until the configuration has changed, or else until somebody may
// serve the request, or it cannot wait longer.
func (x *exchange) holdOnce() (changed bool, err error) {
	w, ok := x.enter()
	if !ok {
		return false, nil
	}
	defer w.leave()
	s := x.door.server
	for more := true; more; {
		told := s.news.next()
		if s.snapshot.Load() != x.snap {
			return true, nil
		}
		if x.served() {
			return false, nil
		}
		if more, err = w.next(told, time.Hour); err != nil {
			return false, err
		}
	}
	return false, nil
}

// served reports whether there is a backend to try that is not down. A visitor's
// own one is, even if he is to leave it: see [backend.Member.Outranks].
func (x *exchange) served() bool {
	p := x.route.pool
	if p.Serves() {
		return true
	}
	if !x.pinned {
		return false
	}
	own := p.Pinned(x.pin.Backend)
	return own != nil && own.State() != backend.Down && own.Order().Duty != backend.Disabled
}

// renew begins anew with the configuration that is in force.
func (x *exchange) renew() (verdict, bool) {
	x.snap = x.door.server.snapshot.Load()
	x.listener = x.snap.listeners[x.door.name]
	x.record.Listener = x.listener.cfg.Name
	x.route, x.record.Route, x.record.Pool = nil, "", ""
	x.unpin()
	if x.body != nil {
		x.body.max = 0
	}
	if v, ok := x.match(); !ok {
		return v, false
	}
	x.readAffinity()
	return verdict{}, true
}

// Those who were tried in vain are looked at again without any news, too: it may
// be older than the wait.
const (
	firstLookAgain = 100 * time.Millisecond
	lastLookAgain  = time.Second
)

// hold keeps a request that nobody could take until there may be somebody who
// can. It reports whether to try them all again. What the request's route had it
// say to backends stands; only who they are is looked up in the configuration
// that is in force by then. refused is why there is no attempt now.
func (t *trying) hold(refused string) (again bool, err error) {
	x := t.x
	if t.pool.cfg.Hold == 0 || refused == "total" || t.pool.Busy(t.tried) || isFull(t.last) || t.spool != nil && !t.spool.Replayable() {
		return false, nil
	}
	w, ok := x.enter()
	if !ok {
		return false, nil
	}
	defer func() {
		w.leave()
		t.started = t.started.Add(time.Since(w.began)) // the limit for all attempts is not for this
	}()
	look := min(firstLookAgain<<min(t.holds, 10), lastLookAgain)
	t.holds++
	alone := !x.served() // news may come before the first look
	for {
		more, err := w.next(x.door.server.news.next(), look)
		if !more || !t.lookUp() {
			return false, err
		}
		if !x.served() {
			alone = true
			continue
		}
		t.tried = backend.Tried{}
		if alone {
			// It is a first attempt again: everybody else had to wait, too.
			t.pool.Request()
			t.released = true
		}
		return true, nil
	}
}

func isFull(err error) bool {
	var failed *backend.Error
	return errors.As(err, &failed) && failed.Kind == backend.Full
}

// lookUp takes the pool of the configuration that is in force, with those of its
// backends that were tried; false: it is gone.
func (t *trying) lookUp() bool {
	now := t.x.door.server.snapshot.Load().byName[t.pool.cfg.Name]
	if now == nil {
		return false
	}
	if now != t.pool {
		t.tried = now.Carry(t.pool.Pool, t.tried)
		r := *t.x.route
		r.pool = now
		t.x.route, t.pool = &r, now
		if now.affinity == nil {
			t.x.unpin()
		}
	}
	return true
}
