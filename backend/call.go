package backend

import (
	"net/http"
	"net/textproto"
	"time"

	"sterling/internal/http1"
	"sterling/internal/proxyline"
)

// Informed hears of informational answers. An error ends the attempt.
type Informed interface {
	Informed(code int, header textproto.MIMEHeader) error
}

// Call is one attempt: what [Member.RoundTrip] is told about it, and what it
// tells of it. The zero value is a request without a body that is sent at most
// once. A Call is used for one attempt only.
type Call struct {
	// Body is the client's body, shared by the attempts of one request; nil:
	// none. The request's own Body is not looked at.
	Body *http1.Spool
	// Movable: the request is safe or idempotent, so that this attempt may be
	// taken back, with the kind Moved, when the backend is marked down before
	// a byte of the answer was seen and the body can be replayed. Others wait
	// on, and are given only fresh connections, unless the pool says otherwise.
	Movable bool
	// Hedge is told, once, when the answer takes longer than HedgeAfter, so that
	// another backend can be asked beside; nil: the attempt waits on. Movable
	// must be set, too, and there must be no body.
	Hedge Hedger
	// HedgeAfter is counted from when the request was sent; 0: several times as
	// long as the backend usually takes.
	HedgeAfter time.Duration
	// HedgeFrozen: only if the backend looks frozen, too, see [Backend.Frozen].
	HedgeFrozen bool
	// CountFailure: a failure after the request was sent may count against
	// the backend where there are no active checks. It is to be set for one
	// backend of a request only, or one poisonous request takes down them all.
	CountFailure bool
	// Held: the member has a place for the attempt, see [Turn.Ready].
	Held bool
	// Fresh asks for a new connection, as after an error with Reused set.
	Fresh bool
	// Trailers fills in the trailers that the request announces, once the body
	// has been read to its end; nil: they are sent as they stand in the
	// request. Each exchange has a header of its own, with the announced names.
	Trailers func(into http.Header)
	// Informed hears of the 1xx answers but 101; nil: the trace of the request's
	// context does.
	Informed Informed
	// ResponseLimit is what is left of the limit for all attempts; it shortens
	// connecting and the wait for the answer. 0: the pool's limits alone.
	ResponseLimit time.Duration

	// Ends are told to a backend that wants a PROXY line.
	Ends proxyline.Ends

	// Began is when the attempt begins, where the caller has just looked at the
	// clock; zero: RoundTrip does.
	Began time.Time

	// Connect is how long connecting took; 0 over a reused connection. It is
	// filled in before RoundTrip returns, like what follows.
	Connect time.Duration
	// Header is the time from the start to the head of the answer; 0 if none came.
	Header time.Duration
	// Reused tells that the exchange ran over a connection that had served before.
	Reused bool
	// Counted tells that a failure has counted, as CountFailure allowed.
	Counted bool

	attempt *attempt // see Recycle
}
