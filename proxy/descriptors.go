package proxy

import (
	"sync/atomic"
	"time"
)

// descriptors is the process's one budget of file descriptors. Clients and
// backends draw on it together, clients up to a lower mark: those who are in are
// served first. What lies above both is for the admin side, logs, state,
// certificates, names and checks. It takes no lock.
type descriptors struct {
	limit    int64 // of the process; 0: not known, and nothing is refused
	clients  descriptorShare
	backends descriptorShare

	// giveUpIdle closes a kept connection to a backend that nobody uses, and
	// reports whether there was one; nil: there is none. Set before any is taken.
	giveUpIdle func() bool
	began      time.Time
	lookAgain  atomic.Int64 // since began: giveUpIdle has found nothing before
}

// reserved is what is left above the marks, at least, where the limit is not tiny.
const reserved = 64

// lookEvery is how often idle connections are looked for where there were none:
// to look costs a lock for each backend.
const lookEvery = 10 * time.Millisecond

func newDescriptors(limit int64) *descriptors {
	d := &descriptors{limit: limit, began: time.Now()}
	d.clients.all, d.backends.all = d, d
	d.backends.mark = min(limit*9/10, max(limit-reserved, limit/2))
	d.clients.mark = min(limit*8/10, d.backends.mark*9/10)
	return d
}

func (d *descriptors) open() int64 { return d.clients.open.Load() + d.backends.open.Load() }

func (d *descriptors) status() DescriptorStatus {
	return DescriptorStatus{
		Limit: d.limit, Clients: d.clients.open.Load(), Backends: d.backends.open.Load(),
		ClientsUntil: d.clients.mark, BackendsUntil: d.backends.mark,
	}
}

// makeRoom gives up a connection that nobody uses, if there is any.
func (d *descriptors) makeRoom() bool {
	now := int64(time.Since(d.began))
	if d.giveUpIdle == nil || now < d.lookAgain.Load() {
		return false
	}
	if d.giveUpIdle() {
		return true
	}
	d.lookAgain.Store(now + int64(lookEvery))
	return false
}

// descriptorShare is one side's part. It implements [backend.Descriptors].
type descriptorShare struct {
	all  *descriptors
	mark int64 // of all that are open: beyond it this side gets none
	open atomic.Int64
}

// Take asks for one more. Others may be faster at what was given up, but not for
// ever.
func (s *descriptorShare) Take() bool {
	for range 10 {
		s.open.Add(1)
		if s.all.limit == 0 || s.all.open() <= s.mark {
			return true
		}
		s.open.Add(-1)
		if !s.all.makeRoom() {
			break
		}
	}
	return false
}

// Give returns one.
func (s *descriptorShare) Give() { s.open.Add(-1) }
