package proxy

import (
	"net/http"
	"time"

	"sterling/session"
)

// What affinity did for one request: the same words in log, status and tests.
const (
	affinityNone   = "none"   // the pool pins nobody
	affinityNew    = "new"    // a first assignment
	affinityHit    = "hit"    // the visitor's own backend answered
	affinityMoved  = "moved"  // another one did, and the visitor stays there
	affinityFailed = "failed" // nobody did
)

// readAffinity looks for a pin in the request. A cookie that does not verify,
// for whatever reason, only means a new visitor.
func (x *exchange) readAffinity() {
	a := x.route.pool.affinity
	if a == nil {
		return
	}
	x.pin, x.verdict = a.ReadAt(x.record.Time, x.in.Header, x.overTLS())
	x.pinned = x.verdict == session.Valid
	// The word until somebody has answered.
	x.record.Affinity = affinityFailed
}

// unpin forgets whose backend the visitor's was.
func (x *exchange) unpin() {
	x.pin, x.verdict, x.pinned = session.Pin{}, 0, false
	x.record.Affinity = affinityNone
}

// writeAffinity settles the outcome once a backend has answered, and writes
// the cookie for it: for a new visitor, one that moved, or one whose cookie
// has come of age.
func (x *exchange) writeAffinity(h http.Header) {
	a := x.route.pool.affinity
	if a == nil {
		return
	}
	name, born := x.winner.Name(), time.Time{}
	switch {
	case !x.pinned:
		x.record.Affinity = affinityNew
		x.route.pool.places[name].Assigned(time.Now())
	case x.pin.Backend != name:
		x.record.Affinity = affinityMoved
	default:
		x.record.Affinity = affinityHit
		if !x.due(a) {
			return
		}
		born = x.pin.Born
	}
	if err := a.Write(h, session.Pin{Backend: name, Born: born, Visitor: x.pin.Visitor}, x.overTLS()); err != nil {
		x.door.server.log.Error().Err(err).Str("id", x.record.ID).Str("pool", x.record.Pool).Msg("the affinity cookie could not be written")
	}
}

// count adds the exchange to its pool's counters, and its visitor, if he has
// brought a cookie, to those who are where he was served.
func (x *exchange) count() {
	if x.route == nil {
		return
	}
	p := x.route.pool
	p.counters.outcome(x.record.Affinity)
	if x.pinned && x.winner != nil {
		p.counters.census.Saw(x.pin.Visitor, p.places[x.winner.Name()], x.record.Time)
	}
}
