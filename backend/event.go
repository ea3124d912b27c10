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
	// OrderChanged: another Order is in force, in place of the one that Was.
	OrderChanged
	// Ejected: the backend is an outlier, for Reason, and takes no new visitors
	// Until a time.
	Ejected
	// Readmitted: the ejection is over. Reason is that of the ejection.
	Readmitted
)

var eventWords = [...]string{
	StateChanged: "state_changed", IdleCloseLearned: "idle_close_learned", OrderChanged: "order_changed",
	Ejected: "ejected", Readmitted: "readmitted",
}

// String returns a short word for logs.
func (k EventKind) String() string {
	if k < 0 || int(k) >= len(eventWords) {
		return "unknown"
	}
	return eventWords[k]
}

// Event is something that an operator may want to know.
type Event struct {
	Kind    EventKind
	Time    time.Time
	Pool    string
	Backend string

	From, To State  // StateChanged
	Reason   string // StateChanged: "connection refused", "HTTP 503", "timeout after 1s"; Ejected, Readmitted
	// LastAvailable is set when a backend went down, or was ordered to serve no
	// longer, and no other of its pool is left that a new visitor could be given.
	LastAvailable bool

	Was, Order Order     // OrderChanged
	Since      time.Time // Readmitted: when it was ejected
	Until      time.Time // Ejected

	IdleClose time.Duration // IdleCloseLearned

	about *Backend
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
