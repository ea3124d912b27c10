package backend

import (
	"sync"
	"sync/atomic"
)

// shared is what a pool keeps across reloads, under its name.
type shared struct {
	name    string
	budget  *budget
	queue   queue
	current atomic.Pointer[Pool] // the one that was started last
	refs    int                  // guarded by Set.mu

	ejecting sync.Mutex // held while it is decided who of the pool is out; taken before standing.mu
}

// last reports whether, without b, the pool has nobody left to offer.
func (s *shared) last(b *Backend) bool {
	p := s.current.Load()
	if p == nil {
		return false
	}
	for _, m := range p.members {
		if m.Backend != b && m.Takes(Visitor{}) {
			return false
		}
	}
	return true
}
