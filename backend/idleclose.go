package backend

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	idleCloseSamples = 3
	idleCloseForget  = 10 * time.Minute
)

// idleClose learns after how long a backend closes an idle connection: from
// its Keep-Alive header, or from connections that were found closed. One such
// find says little, since a server that stops closes them all; three that
// agree, found at different times, are taken for a rule. It is forgotten after
// a while, and learned anew, since it may have been changed.
type idleClose struct {
	learned func(time.Duration) // called without locks when it has changed

	after atomic.Int64 // nanoseconds; 0: not known

	mu        sync.Mutex // guards what follows
	announced bool
	until     time.Time // when what was found is forgotten
	found     []time.Duration
	lastFind  time.Time
}

// known returns the learned time; 0: none.
func (k *idleClose) known() time.Duration { return time.Duration(k.after.Load()) }

// retireAt returns the age at which a connection is given up: a fifth before
// its end, and a second at least where there is that much; 0: not known.
func (k *idleClose) retireAt() time.Duration {
	d := k.known()
	return d - max(d/5, min(time.Second, d/2))
}

// announce takes the time of a Keep-Alive header.
func (k *idleClose) announce(d time.Duration) {
	if k.known() == d {
		return
	}
	k.mu.Lock()
	k.announced = true
	k.mu.Unlock()
	k.after.Store(int64(d))
	k.learned(d)
}

// closed takes the find of a closed connection that had been idle for age.
func (k *idleClose) closed(now time.Time, age time.Duration) {
	if d := k.agree(now, age); d > 0 {
		k.after.Store(int64(d))
		k.learned(d)
	}
}

// agree notes a find and returns the time that it, and those before it, prove.
func (k *idleClose) agree(now time.Time, age time.Duration) time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.announced || now.Sub(k.lastFind) < sweepEvery/2 {
		return 0
	}
	k.lastFind = now
	k.found = append(k.found, age)
	if n := len(k.found); n > idleCloseSamples {
		k.found = k.found[n-idleCloseSamples:]
	}
	if len(k.found) < idleCloseSamples {
		return 0
	}
	least, most := slices.Min(k.found), slices.Max(k.found)
	if most-least > max(most/4, sweepEvery+sweepEvery/2) {
		return 0
	}
	k.until = now.Add(idleCloseForget)
	if known := k.known(); known > 0 && known <= least {
		return 0
	}
	return least
}

// forget drops what was found too long ago.
func (k *idleClose) forget(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.announced || k.until.IsZero() || now.Before(k.until) {
		return
	}
	k.until, k.found = time.Time{}, nil
	k.after.Store(0)
}
