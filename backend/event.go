package backend

import (
	"sync"
	"time"
)

// EventKind says what an [Event] is about.
type EventKind int

const (
	// StateChanged: a backend went From one state To another, for Reason.
	StateChanged EventKind = iota
	// IdleCloseLearned: the backend was found to close connections that were
	// idle for IdleClose; they are retired before that from now on.
	IdleCloseLearned
)

// String returns a short word for logs.
func (k EventKind) String() string {
	if k == IdleCloseLearned {
		return "idle_close_learned"
	}
	return "state_changed"
}

// Event is something that an operator may want to know.
type Event struct {
	Kind    EventKind
	Time    time.Time
	Pool    string
	Backend string

	From, To State  // StateChanged
	Reason   string // StateChanged: "connection refused", "HTTP 503", "timeout after 1s"
	// LastAvailable is set when a backend went down and no other of its pool
	// is left that a new visitor could be given.
	LastAvailable bool

	IdleClose time.Duration // IdleCloseLearned
}

// events hands events to a callback one at a time, in the order in which they
// were posted, from the goroutine of one of the posters and outside of every
// lock, so that the callback may ask any backend for its status.
type events struct {
	callback func(Event)

	mu         sync.Mutex // guards what follows
	waiting    []Event
	delivering bool
}

// post queues e. It may be called with locks held; deliver must follow when
// they are released.
func (q *events) post(e Event) {
	if q.callback == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, e)
}

// deliver calls the callback for what is queued, unless someone is at it.
func (q *events) deliver() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.delivering {
		return
	}
	q.delivering = true
	for len(q.waiting) > 0 {
		e := q.waiting[0]
		q.waiting = q.waiting[1:]
		q.mu.Unlock()
		q.callback(e)
		q.mu.Lock()
	}
	q.delivering = false
}
