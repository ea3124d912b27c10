package http1

import (
	"net"
	"sync"
	"time"
)

// serverLimits are the deadlines of a connection. Setting one costs a timer, so
// one for reading that is set and comes too early is left alone, and put right
// when it is reached; one for writing, where that would ruin a TLS connection,
// is left alone if it comes too early by an eighth of its time at most.
type serverLimits struct {
	nc net.Conn

	// mu guards the rest: a handler may set a deadline while somebody reads.
	mu        sync.Mutex
	readEnd   time.Time // when reading has to end; zero: never
	readSet   time.Time // what the connection knows
	woken     bool      // reading has to end now, whatever is set
	writeSet  time.Time
	ownWrites bool // the handler has said when writing ends
}

// read gives reading until t. What is set may come earlier by slack at most.
func (l *serverLimits) read(t time.Time, slack time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.readEnd = t
	if l.woken || t.IsZero() {
		return
	}
	if l.readSet.IsZero() || l.readSet.After(t) || t.Sub(l.readSet) > slack {
		l.readSet = t
		_ = l.nc.SetReadDeadline(t) // fails where it is closed, as reading does
	}
}

// anytime is a slack: whatever is set, if it only comes early enough.
const anytime = 1<<63 - 1

// over is asked when reading has timed out. It reports whether it has to end;
// otherwise it may be taken up again.
func (l *serverLimits) over() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.woken || !l.readEnd.IsZero() && !time.Now().Before(l.readEnd) {
		return true
	}
	l.readSet = l.readEnd
	return l.nc.SetReadDeadline(l.readEnd) != nil
}

// wake ends a Read that is under way, and all until rest is called.
func (l *serverLimits) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.woken, l.readSet = true, past
	_ = l.nc.SetReadDeadline(past) // as above
}

// rest undoes wake. Reading has no limit then.
func (l *serverLimits) rest() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.woken, l.readEnd = false, noDeadline
}

// handlerWrite is the handler's own deadline.
func (l *serverLimits) handlerWrite(t time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ownWrites = true
	return l.setWrite(t, time.Until(t))
}

// ownWrite is called before the server writes for itself: the end of an answer,
// a refusal. It gives that d, unless the handler has set a deadline.
func (l *serverLimits) ownWrite(now time.Time, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.ownWrites:
	case d > 0:
		_ = l.setWrite(now.Add(d), d) // fails where it is closed, as writing does
	default:
		_ = l.setWrite(noDeadline, 0) // as above
	}
}

// handlersWrite is called before a write of the handler's. Of deadlines it has
// none but its own.
func (l *serverLimits) handlersWrite() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ownWrites {
		_ = l.setWrite(noDeadline, 0) // as above
	}
}

// setWrite sets t, which is d away. It expects mu to be held.
func (l *serverLimits) setWrite(t time.Time, d time.Duration) error {
	if t.IsZero() && l.writeSet.IsZero() {
		return nil
	}
	if early := t.Sub(l.writeSet); !t.IsZero() && !l.writeSet.IsZero() && early >= 0 && early <= d/8 {
		return nil
	}
	l.writeSet = t
	return l.nc.SetWriteDeadline(t)
}

// turnEnds forgets what the handler has set.
func (l *serverLimits) turnEnds() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ownWrites = false
}

// clear takes all deadlines off.
func (l *serverLimits) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.readEnd, l.woken = noDeadline, false
	if !l.readSet.IsZero() || !l.writeSet.IsZero() {
		l.readSet, l.writeSet = noDeadline, noDeadline
		_ = l.nc.SetDeadline(noDeadline) // fails where it is closed
	}
}
