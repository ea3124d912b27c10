package session

import (
	"net/http"
	"strings"
	"time"
)

const (
	// maxCookieValue is what browsers keep of a cookie, in bytes.
	maxCookieValue = 4096
	// maxCandidates bounds the signatures checked for one request, so that a
	// request full of forged cookies costs no more than a few honest ones.
	maxCandidates = 8
)

// Pin says which backend a visitor belongs to. The zero value is no pin.
type Pin struct {
	Backend string    // the backend's name, not its address: a server that moves keeps its visitors
	Born    time.Time // when the visitor was assigned
	Seen    time.Time // when the cookie was last written
	Visitor uint64    // who this is, by chance; never 0 in a pin that was read. It stays when the visitor moves
	old     bool      // signed by a key that no longer signs
}

// Read looks for the pool's cookie in the Cookie lines of h and returns the
// first one that is valid, or the zero Pin and what was wrong with the first
// one that is not. At most eight cookies of the name are looked at. Over TLS
// only the name with the __Host- prefix counts, on plain HTTP only the bare
// one. h is not changed, and nothing returned refers to it.
//
// The keys remember some thousands of the values that they verified lately.
// Reading one of those costs no allocation; its limits are checked each time.
func (a *Affinity) Read(h http.Header, overTLS bool) (Pin, Verdict) {
	return a.ReadAt(a.now(), h, overTLS)
}

// ReadAt is Read for a caller who knows what time it is.
func (a *Affinity) ReadAt(now time.Time, h http.Header, overTLS bool) (Pin, Verdict) {
	name := a.plain.name
	if overTLS {
		name = a.tls.name
	}
	pin, verdict := a.find(now, h["Cookie"], name)
	a.counts.add(verdict)
	return pin, verdict
}

func (a *Affinity) find(now time.Time, lines []string, name string) (Pin, Verdict) {
	verdict, tried := Absent, 0
	for _, line := range lines {
		v, next := cookieIn(line, name, 0)
		for ; next >= 0; v, next = cookieIn(line, name, next) {
			pin, found := a.verify(now, v)
			if found == Valid {
				return pin, Valid
			}
			if verdict == Absent {
				verdict = found
			}
			if tried++; tried == maxCandidates {
				return Pin{}, verdict
			}
		}
	}
	return Pin{}, verdict
}

// verify judges one cookie value, "id.sealed".
func (a *Affinity) verify(now time.Time, v string) (Pin, Verdict) {
	if len(v) > maxCookieValue {
		return Pin{}, Oversized
	}
	ring := a.keys.content()
	known, hash := ring.verified.find(v)
	if known != nil {
		return a.judge(now, known)
	}
	r := remembered{hash: hash, sealed: v}
	var verdict Verdict
	if r.said, r.newest, verdict = ring.open(v); verdict != Valid {
		return Pin{}, verdict
	}
	pin, verdict := a.judge(now, &r)
	if verdict == Valid {
		ring.verified.keep(r)
	}
	return pin, verdict
}

// judge holds a genuine value against what may change with time and place.
func (a *Affinity) judge(now time.Time, r *remembered) (Pin, Verdict) {
	said, ms := &r.said, now.UnixMilli()
	switch {
	case said.pool != a.pool:
		return Pin{}, Foreign
	case ms-said.born > a.life.Milliseconds():
		return Pin{}, Expired
	case ms-said.seen > a.idle.Milliseconds():
		return Pin{}, Idle
	}
	return Pin{Backend: said.backend, Born: time.UnixMilli(said.born), Seen: time.UnixMilli(said.seen), Visitor: said.visitor, old: !r.newest}, Valid
}

// open verifies a cookie value, and reports whether the key that signed it is
// the one that signs.
func (r *ring) open(v string) (said value, newest bool, verdict Verdict) {
	id, sealed, ok := strings.Cut(v, ".")
	if !ok || !validID(id) || sealed == "" {
		return value{}, false, Malformed
	}
	for i := range r.keys {
		if r.keys[i].id == id {
			said, verdict = r.keys[i].codec.open(sealed)
			return said, i == 0, verdict
		}
	}
	return value{}, false, UnknownKey
}
