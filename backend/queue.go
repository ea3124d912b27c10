package backend

import (
	"container/list"
	"sync"
	"sync/atomic"
)

// queue is who waits for a place at one of a pool's backends, because those that
// may serve them have reached their in-flight limits. A place that falls free
// goes to the one who has waited the longest of those who can take it. It
// outlives reloads, like the backends.
type queue struct {
	waiters atomic.Int32 // so that hardly anybody needs the lock

	mu     sync.Mutex // guards what follows, and what a Turn says it does
	pool   *Pool      // whose limits count; nil: that of whoever comes
	last   uint64     // number of the latest turn
	anyone list.List  // of *Turn: who takes any backend
	lines  map[*Backend]*list.List
}

// Turn is a place in a pool's queue. It belongs to the one who waits.
type Turn struct {
	queue  *queue
	number uint64
	ready  chan *Member

	pool  *Pool         // guarded by queue.mu, like what follows
	own   *Member       // nil: any that was not tried
	tried Tried         // of pool
	spot  *list.Element // nil: no longer in the queue
}

// Queue waits in line at own, or, where that is nil, for any member that was
// not tried, until one has a place again. It returns nil where as many as the
// pool allows are waiting, or nobody is full. The turn must be left.
func (p *Pool) Queue(own *Member, tried Tried) *Turn {
	if p.queue <= 0 || own == nil && !p.Busy(tried) {
		return nil
	}
	q, limit := &p.shared.queue, p.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	t := &Turn{queue: q, pool: p, own: own, tried: tried, ready: make(chan *Member, 1)}
	if q.pool != nil && q.pool != p {
		t.ready <- nil
		return t
	}
	line := &q.anyone
	if own == nil {
		limit *= len(p.members)
	} else {
		line = q.line(own.Backend)
	}
	if line.Len() >= limit {
		return nil
	}
	q.last++
	t.number = q.last
	t.spot = line.PushBack(t)
	q.waiters.Add(1)
	if own != nil {
		own.queued.Add(1)
		q.fill(own.Backend) // what fell free before it was seen that somebody waits
		return t
	}
	for _, m := range p.members {
		q.fill(m.Backend)
	}
	return t
}

// line is who waits for b alone. mu is held.
func (q *queue) line(b *Backend) *list.List {
	l := q.lines[b]
	if l == nil {
		if q.lines == nil {
			q.lines = make(map[*Backend]*list.List)
		}
		l = list.New()
		q.lines[b] = l
	}
	return l
}

// Ready gives the member where there is a place now, which is held until
// [Member.RoundTrip] is called with [Call.Held], or [Member.GiveBack]. It gives
// nil where it is time to look again for who may serve, by the configuration that
// is in force, of which the member is, too. It does so once.
func (t *Turn) Ready() <-chan *Member { return t.ready }

// Leave ends the wait. A place that was given just then is given back. It may be
// called at any time after Queue; what Ready gave stays with who took it.
func (t *Turn) Leave() {
	q := t.queue
	q.mu.Lock()
	q.remove(t)
	q.mu.Unlock()
	select {
	case m := <-t.ready:
		if m != nil {
			m.GiveBack()
		}
	default:
	}
}

// remove takes t out of its line. mu is held.
func (q *queue) remove(t *Turn) {
	if t.spot == nil {
		return
	}
	if t.own == nil {
		q.anyone.Remove(t.spot)
	} else {
		l := q.lines[t.own.Backend]
		if l.Remove(t.spot); l.Len() == 0 {
			delete(q.lines, t.own.Backend)
		}
		t.own.queued.Add(-1)
	}
	t.spot = nil
	q.waiters.Add(-1)
}

// freed says that a place at b has fallen free, or that b serves again.
func (q *queue) freed(b *Backend) {
	if q.waiters.Load() == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.fill(b)
}

// fill gives out the places that are free at b. mu is held.
func (q *queue) fill(b *Backend) {
	for {
		t, m := q.next(b)
		if t == nil || !m.acquire() {
			return
		}
		q.remove(t)
		t.ready <- m
	}
}

// next is whose turn it is at b, as which member. mu is held.
func (q *queue) next(b *Backend) (*Turn, *Member) {
	var first *Turn
	var at *Member
	if l := q.lines[b]; l != nil {
		first, _ = l.Front().Value.(*Turn)
		at = first.own
	}
	for e := q.anyone.Front(); e != nil; e = e.Next() {
		t, _ := e.Value.(*Turn)
		if first != nil && first.number < t.number {
			break
		}
		if m := t.pool.byName[b.Name()]; m != nil && m.Backend == b && !t.tried.Has(m) && m.Takes(Visitor{}) {
			return t, m
		}
	}
	return first, at
}

// dismiss has those look again who wait for b alone, because it may be no longer
// the one to wait for, and those for whom nobody is left to wait for.
func (q *queue) dismiss(b *Backend) {
	if q.waiters.Load() == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if l := q.lines[b]; l != nil {
		q.dismissAll(l, func(*Turn) bool { return true })
	}
	q.dismissAll(&q.anyone, inVain)
}

// inVain reports whether nobody is left to wait for. queue.mu is held.
func inVain(t *Turn) bool { return !t.pool.Busy(t.tried) }

// dismissAll has those of a line look again who are in vain in it. mu is held.
func (q *queue) dismissAll(line *list.List, vain func(*Turn) bool) {
	for e := line.Front(); e != nil; {
		t, _ := e.Value.(*Turn)
		if e = e.Next(); vain(t) {
			q.remove(t)
			t.ready <- nil
		}
	}
}

// Queued returns how many wait for b alone.
func (b *Backend) Queued() int { return int(b.queued.Load()) }

// Queued returns how many wait for any of the pool's backends.
func (p *Pool) Queued() int {
	q := &p.shared.queue
	if q.waiters.Load() == 0 {
		return 0
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.anyone.Len()
}

// requeue tells the queue that b's state has changed, or what is asked of it.
func (b *Backend) requeue() {
	b.shared.queue.dismiss(b)
	b.shared.queue.freed(b)
}
