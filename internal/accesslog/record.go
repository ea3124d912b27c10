package accesslog

import "time"

// Record is what one line tells of one request. The zero value of a field is
// written as "", 0 or []; no field is ever left out.
type Record struct {
	Time     time.Time // when the first byte of the request was read
	ID       string    // request id, as in X-Request-Id
	Listener string
	Route    string
	Pool     string
	Backend  string // the one that answered
	Affinity string // none, new, hit, moved, failed
	Attempts []Attempt
	End      string // why the exchange ended: ok, client_closed, connect_failed, …
	Client   string // address of the client, without its port
	Method   string
	Host     string
	Path     string
	Query    string // without the question mark
	Proto    string // HTTP/1.1, HTTP/2.0
	Status   int
	BytesIn  int64 // of the request's body
	BytesOut int64 // of the answer's body

	Duration time.Duration // of the whole exchange
	Connect  time.Duration // spent on connecting to the backend; 0 when a connection was reused
	Header   time.Duration // from the start to the first byte of the backend's answer

	UserAgent string
	Referer   string

	// NotRetried says why no further attempt was made after one that failed:
	// method, body_not_kept, answer_begun, budget, no_backend, total, full, client.
	// "" when nothing failed.
	NotRetried string

	Queued time.Duration // spent on waiting for a place at a full backend
	Held   time.Duration // spent on waiting until any backend may serve

	ClientCert string // subject of the client's certificate, if it was verified
}

// Attempt is one try of a request at one backend.
type Attempt struct {
	Backend  string
	Duration time.Duration
	Outcome  string
}
