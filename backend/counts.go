package backend

import "sync/atomic"

// counts are what has happened at a backend since it was first configured.
type counts struct {
	requests, failures, connectFailures atomic.Uint64
	full, moved, hedged, stale          atomic.Uint64
	dialed, reused, suspected           atomic.Uint64
}

// Counters are what has happened at a backend since it was first configured.
// They go on counting across reloads.
type Counters struct {
	Requests        uint64 // attempts begun, those refused because of the limit not counted
	Failures        uint64 // attempts that failed, or were cut in the answer's body, through the backend's fault
	ConnectFailures uint64 // those of the failures where no connection was made
	Full            uint64 // attempts refused because of the in-flight limit
	Moved           uint64 // attempts taken back because the backend was marked down
	Hedged          uint64 // attempts given up because another backend, asked beside, was faster; of a silent one, some are failures
	Stale           uint64 // reused connections that were found dead once a request was written
	Dialed          uint64 // HTTP/1.1 exchanges over a new connection
	Reused          uint64 // HTTP/1.1 exchanges over an idle connection
	Suspected       uint64 // attempts that stayed silent for longer than is usual
}

func (c *counts) read() Counters {
	return Counters{
		Requests:        c.requests.Load(),
		Failures:        c.failures.Load(),
		ConnectFailures: c.connectFailures.Load(),
		Full:            c.full.Load(),
		Moved:           c.moved.Load(),
		Hedged:          c.hedged.Load(),
		Stale:           c.stale.Load(),
		Dialed:          c.dialed.Load(),
		Reused:          c.reused.Load(),
		Suspected:       c.suspected.Load(),
	}
}
