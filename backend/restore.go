package backend

import "time"

// Restore makes b begin with what an earlier process knew of its health. It
// does nothing once b was checked or has answered. A backend that was down stays
// so until a check passes, and the first comes at once.
func (b *Backend) Restore(s State, reason string, since time.Time) {
	b.health.restore(s, reason, since)
}

// RestoreWord makes b begin with the drain that it asked an earlier process for.
// It holds until a check is answered, and does nothing once one was. An [Event]
// of the kind [OrderChanged] tells of it.
func (b *Backend) RestoreWord(o Order) {
	s := &b.standing
	s.mu.Lock()
	if s.heard.IsZero() && o.Duty == Draining {
		s.word = o.complete(ByBackend)
		b.ordered()
	}
	s.mu.Unlock()
	b.events.deliver()
}

func (h *health) restore(s State, reason string, since time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s == Unproven || h.current() != Unproven || h.passes > 0 || h.fails > 0 {
		return
	}
	if since.IsZero() || since.After(time.Now()) {
		since = time.Now()
	}
	h.reason, h.since = reason, since
	if s == Up {
		h.reason = ""
	}
	h.state.Store(int32(s))
}
