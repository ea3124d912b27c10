package backend

import (
	"sync"
	"sync/atomic"
	"time"
)

// silence is how long a backend has answered nothing, while others answered
// requests in its place. One attempt that lost to a hedge says little: it may
// have been about to be answered, and after a pause that all backends shared many
// are lost in the same moment. The zero value is a backend that answers.
type silence struct {
	on atomic.Bool // so that an answer hardly ever needs the lock

	mu     sync.Mutex    // guards what follows
	since  time.Time     // when the first attempt was lost, or the last failure counted
	waited time.Duration // what the attempts lost since have waited, together
}

// end is called with each answer. It is on the path of every request.
func (s *silence) end() {
	if !s.on.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on.Store(false)
	s.waited = 0
}

// lost takes an attempt that was given up after it had waited. It counts as a
// failure if nothing was answered for longer than usual, and those who were given
// up since then have waited for as long: then the silence that counts is returned,
// and the next one begins. 0: it does not count.
func (s *silence) lost(now time.Time, waited, usual time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waited += waited
	if !s.on.Swap(true) {
		s.since = now
		return 0
	}
	silent := now.Sub(s.since)
	if silent < usual || s.waited < usual {
		return 0
	}
	s.since, s.waited = now, 0
	return silent
}
