package http1

import (
	"sync"
	"time"
)

// clock times the wait for an answer, which begins when the request has been
// sent whole. Until then the reader waits without a limit, or until what is
// held back of the request is to be sent. The goroutine that
// sends the body starts it; while the reader is not waiting the deadlines are
// its own, and that must not touch them.
type clock struct {
	c                 *ClientConn
	suspect, response time.Duration

	mu        sync.Mutex
	began     time.Time // zero: the request is still being sent
	hold      time.Time // until when something of it is held back; zero: nothing is
	waiting   bool
	suspected bool
	answered  bool // the final answer has begun
}

// start says that the request has been sent.
func (k *clock) start() { k.startAt(time.Now()) }

// startAt says when that was, or will have been.
func (k *clock) startAt(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.began.IsZero() {
		return
	}
	k.began = now
	if k.waiting {
		k.c.setReadDeadline(k.next())
	}
}

// holdFor says that something of the request is held back for d.
func (k *clock) holdFor(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hold = time.Now().Add(d)
}

// held reports, once, that it has been held back for long enough.
func (k *clock) held() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.began.IsZero() || k.hold.IsZero() || time.Now().Before(k.hold) {
		return false
	}
	k.hold = time.Time{}
	k.c.setReadDeadline(k.next())
	return true
}

// wait begins to wait for a head.
func (k *clock) wait() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting = true
	k.c.setReadDeadline(k.next())
}

// head ends the wait: the first byte has come, the rest may take until limit.
func (k *clock) head(limit time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting, k.suspected = false, true
	k.c.setReadDeadline(limit)
}

// whole ends the wait where the head has come in one piece.
func (k *clock) whole() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting, k.suspected = false, true
}

// restart says that sending took longer after all.
func (k *clock) restart() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.began = time.Now()
	k.c.setReadDeadline(k.next())
}

// final says that there will be no other head.
func (k *clock) final() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.answered = true
}

func (k *clock) isAnswered() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.answered
}

// next is the end of the stage that the wait is in. mu is held.
func (k *clock) next() time.Time {
	switch {
	case k.began.IsZero():
		return k.hold
	case k.suspect > 0 && !k.suspected && (k.response <= 0 || k.suspect < k.response):
		return k.began.Add(k.suspect)
	case k.response > 0:
		return k.began.Add(k.response)
	}
	return noDeadline
}

// suspectAt says when the server is suspect once more; 0: never.
func (k *clock) suspectAt(again time.Duration) {
	if again <= 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.suspect, k.suspected = again, false
	k.c.setReadDeadline(k.next())
}

// passed is called when a deadline passed. It reports whether the server is
// suspect from now on, and whether the last deadline is over.
func (k *clock) passed() (suspect, over bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now, end := time.Now(), k.next()
	if end.IsZero() || now.Before(end) {
		k.c.setReadDeadline(end)
		return false, false
	}
	suspect = k.suspect > 0 && !k.suspected && (k.response <= 0 || k.suspect < k.response)
	k.suspected = true
	if over = k.response > 0 && !now.Before(k.began.Add(k.response)); !over {
		k.c.setReadDeadline(k.next())
	}
	return suspect, over
}
