package backend

import (
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// Backend is one server, with all that is known and counted about it. It
// belongs to a [Set] and lives as long as a configuration names it. What one
// configuration says about it is in a [Member].
type Backend struct {
	identity  identity
	url       *url.URL
	shared    *shared
	events    *events
	probeDial *dialer
	transport transport
	health    *health
	standing  standing
	ramp      ramp
	conduct   atomic.Pointer[conduct] // nil: the pool does not look for outliers
	fell      atomic.Bool             // marked down, and not yet acted on
	examined  atomic.Bool             // a check has ended
	inFlight  atomic.Int64
	queued    atomic.Int64 // who waits for this one alone
	counts    counts
	latency   latency
	waiting   waiting
	frost     frost
	silence   silence

	refs    int      // guarded by Set.mu: the Pools that name it
	checker *checker // guarded by Set.starting
}

// identity is what makes a backend of another configuration the same one.
type identity struct {
	pool, name, url string
	protocol        Protocol
	tls             string
	line            int // version of the PROXY line; 0: none
}

// transport takes one attempt to the backend and back.
type transport interface {
	// roundTrip makes the exchange. When it returns a response, the
	// response's body ends the attempt; else the caller does.
	roundTrip(a *attempt) (*http.Response, *Error)
	// discard closes the idle connections.
	discard()
	// giveUpIdle closes an idle connection, if there is any.
	giveUpIdle() bool
	// sweep closes idle connections whose time is over.
	sweep(now time.Time)
	// close closes the idle connections, and those in use when they are done.
	close()
}

// Status is a look at a backend.
type Status struct {
	State    State
	Reason   string    // why it is in this state; "" when up
	Since    time.Time // of the last change
	InFlight int64
	Queued   int           // who waits for a place at this backend alone
	P99      time.Duration // to the first byte of an answer, estimated; 0: too few seen
	// IdleClose is after how long the backend closes idle connections; 0: not known.
	IdleClose time.Duration
	Counters  Counters

	Order   Order     // in force; the zero value: none, it serves
	Word    Order     // what the backend asks for itself, in force or not; the zero value: nothing
	Ejected *Ejection // nil: it is not
	// Ramp is the part of its share of new visitors that the backend is given
	// while it starts slowly; 1: all of it.
	Ramp float64
}

// Name returns the name in the configuration.
func (b *Backend) Name() string { return b.identity.name }

// URL returns scheme and host. It must not be changed.
func (b *Backend) URL() *url.URL { return b.url }

// Protocol returns what is spoken to the backend.
func (b *Backend) Protocol() Protocol { return b.identity.protocol }

// State returns what is known about the backend's fitness.
func (b *Backend) State() State { return b.health.current() }

// InFlight returns the number of attempts that have not ended, upgraded
// connections among them.
func (b *Backend) InFlight() int64 { return b.inFlight.Load() }

// Status returns everything about the backend at once.
func (b *Backend) Status() Status {
	s := Status{
		InFlight: b.InFlight(),
		Queued:   b.Queued(),
		P99:      time.Duration(b.latency.p99.Load()),
		Counters: b.counts.read(),
		Order:    b.Order(),
		Ramp:     1,
	}
	if p := b.shared.current.Load(); p != nil {
		s.Ramp = b.share(p.slowStart)
	}
	if t, ok := b.transport.(*h1); ok {
		s.IdleClose = t.keep.known()
	}
	s.Ejected = b.ejected()
	b.standing.mu.Lock()
	s.Word = value(b.standing.word)
	b.standing.mu.Unlock()
	b.health.mu.Lock()
	defer b.health.mu.Unlock()
	s.State, s.Reason, s.Since = b.health.current(), b.health.reason, b.health.since
	return s
}

// changed is told of each change of state, with the health's lock held.
func (b *Backend) changed(from, to State, reason string) {
	e := b.event(StateChanged)
	e.From, e.To, e.Reason = from, to, reason
	if to == Down {
		b.fell.Store(true)
		e.LastAvailable = b.shared.last(b)
		b.readmit(e.Time, true) // the outage explains what was held against it
	}
	if from == Down && to == Up {
		b.rises()
		b.silence.end()
		if c := b.conduct.Load(); c != nil {
			c.clear()
		}
	}
	b.events.post(e)
}

// settle does, without locks, what a change of state asks for.
func (b *Backend) settle() {
	if b.fell.Swap(false) {
		b.waiting.moveAll()
		// They may lead to a machine that has gone without a word.
		b.transport.discard()
	}
	b.events.deliver()
}

// learned tells of a newly found idle close.
func (b *Backend) learned(d time.Duration) {
	e := b.event(IdleCloseLearned)
	e.IdleClose = d
	b.events.post(e)
	b.events.deliver()
}

// event begins an event about b.
func (b *Backend) event(k EventKind) Event {
	return Event{Kind: k, Time: time.Now(), Pool: b.identity.pool, Backend: b.identity.name, about: b}
}

// probe returns the function that makes one check by rule.
func (b *Backend) prober(rule CheckOptions) *prober {
	return &prober{dialer: b.probeDial, url: b.url, protocol: b.identity.protocol, rule: rule}
}

// retire ends what runs for the backend and waits for it. Attempts in flight
// go on to their end.
func (b *Backend) retire() {
	if b.checker != nil {
		b.checker.stop()
		b.checker = nil
	}
	b.transport.close()
}
