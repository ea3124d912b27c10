package backend

import "fmt"

// Kind says how an attempt failed. Its String is the word for the log.
type Kind int

const (
	// Nothing was sent.

	Unresolved     Kind = iota + 1 // the host name has no address
	ConnectFailed                  // refused, unreachable, reset while connecting
	ConnectTimeout                 // no connection within the pool's connect limit
	TLSFailed                      // the TLS handshake failed, or the certificate was not accepted
	Full                           // the backend's in-flight limit is reached
	NoDescriptors                  // the process may open no more connections: see [Descriptors]
	Stale                          // a reused connection was dead: proved that no byte was processed

	// A byte of the request may have been sent.

	BackendCut      // closed or reset before the whole answer
	ResponseTimeout // no answer within the response limit
	BadResponse     // what came back is no HTTP
	Moved           // the backend was marked down while the attempt waited for a first byte
	Hedged          // another backend, asked beside this one, was the first to answer
	BodyStalled     // the backend took nothing of the request's body for too long
	BackendBodyIdle // the backend sent nothing of the answer's body for too long

	// The client's doing.

	ClientClosed // the request's context ended
	ClientBody   // reading the client's body failed
)

var kindWords = [...]string{
	Unresolved: "unresolved", ConnectFailed: "connect_failed", ConnectTimeout: "connect_timeout",
	TLSFailed: "tls_failed", Full: "full", NoDescriptors: "no_descriptors", Stale: "stale",
	BackendCut: "backend_cut", ResponseTimeout: "response_timeout", BadResponse: "bad_response",
	Moved: "moved", Hedged: "hedged", BodyStalled: "body_stalled", BackendBodyIdle: "backend_body_idle",
	ClientClosed: "client_closed", ClientBody: "client_body",
}

// String returns the word for the log, such as "connect_failed".
func (k Kind) String() string {
	if k <= 0 || int(k) >= len(kindWords) {
		return "unknown"
	}
	return kindWords[k]
}

// Error is every error that [Member.RoundTrip] and the bodies of its responses
// return. It never holds anything of a request's or an answer's headers.
type Error struct {
	Kind Kind
	Sent bool // a byte of the request may have reached the backend's process
	Seen bool // a byte of the answer was read
	// Reused: the attempt ran over a connection that had served before, and
	// no byte of an answer was seen. The cause may be the backend closing it
	// just then: a request that may be sent twice can be tried on the same
	// backend again with [Call.Fresh].
	Reused bool
	Err    error
}

// Error returns the kind and the cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return "backend: " + e.Kind.String()
	}
	return fmt.Sprintf("backend: %s: %v", e.Kind, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// NothingSent reports whether it is certain that the backend processed no byte
// of the request, so that any method may be tried elsewhere.
func (e *Error) NothingSent() bool { return !e.Sent && !e.Seen }
