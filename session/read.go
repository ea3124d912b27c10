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
	old     bool      // signed by a key that no longer signs
}

// Read looks for the pool's cookie in the Cookie lines of h and returns the
// first one that is valid, or the zero Pin and what was wrong with the first
// one that is not. At most eight cookies of the name are looked at. Over TLS
// only the name with the __Host- prefix counts, on plain HTTP only the bare
// one. h is not changed.
func (a *Affinity) Read(h http.Header, overTLS bool) (Pin, Verdict) {
	pin, verdict := a.find(h["Cookie"], a.form(overTLS).name)
	a.counts.add(verdict)
	return pin, verdict
}

func (a *Affinity) find(lines []string, name string) (Pin, Verdict) {
	verdict, tried := Absent, 0
	for _, line := range lines {
		if !strings.Contains(line, name) {
			continue
		}
		for segment := range segments(line) {
			n, v := pair(segment)
			if n != name {
				continue
			}
			pin, found := a.verify(v)
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
func (a *Affinity) verify(v string) (Pin, Verdict) {
	if len(v) > maxCookieValue {
		return Pin{}, Oversized
	}
	id, sealed, ok := strings.Cut(v, ".")
	if !ok || !validID(id) || sealed == "" {
		return Pin{}, Malformed
	}
	key, newest := a.keys.find(id)
	if key == nil {
		return Pin{}, UnknownKey
	}
	said, verdict := key.codec.open(sealed)
	if verdict != Valid {
		return Pin{}, verdict
	}
	now := a.now()
	switch {
	case said.pool != a.pool:
		return Pin{}, Foreign
	case now.Sub(said.born) > a.life:
		return Pin{}, Expired
	case now.Sub(said.seen) > a.idle:
		return Pin{}, Idle
	}
	return Pin{Backend: said.backend, Born: said.born, Seen: said.seen, old: !newest}, Valid
}
