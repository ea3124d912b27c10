package backend

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	budgetPerRequest = 0.2 // of a retry, that each request pays in
	budgetPerSecond  = 3.0 // retries that are paid in besides
	budgetSeconds    = 10  // how long a payment stays good
)

// budget bounds retries, so that they cannot multiply the load just when the
// backends are slow. Payments are kept by the second and forgotten after ten.
type budget struct {
	requests atomic.Uint64

	start time.Time

	mu     sync.Mutex    // guards what follows
	folded uint64        // requests that have been paid in
	last   time.Duration // up to when, since start
	slots  [budgetSeconds]float64
	head   int // the slot of the second that last is in
}

// newBudget starts with ten seconds of the steady income: a pool that has just
// been made may lose a backend, too.
func newBudget() *budget {
	b := &budget{start: time.Now()}
	for i := range b.slots {
		b.slots[i] = budgetPerSecond
	}
	return b
}

// request pays in for one request. It is on the path of every request.
func (b *budget) request() { b.requests.Add(1) }

// allow takes one retry, the oldest payments first, or reports that less than
// one is left.
func (b *budget) allow() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fold(time.Since(b.start))
	sum := 0.0
	for _, s := range b.slots {
		sum += s
	}
	const rounding = 1e-9
	if sum < 1-rounding {
		return false
	}
	due := 1.0
	for i := 1; i <= len(b.slots) && due > 0; i++ {
		slot := &b.slots[(b.head+i)%len(b.slots)]
		paid := min(*slot, due)
		*slot -= paid
		due -= paid
	}
	return true
}

// fold books what came in since the last time, as if it had come in evenly.
func (b *budget) fold(now time.Duration) {
	requests := b.requests.Load()
	income := float64(requests-b.folded) * budgetPerRequest
	b.folded = requests
	elapsed := now - b.last
	if elapsed <= 0 {
		b.slots[b.head] += income
		return
	}
	perSecond := income/elapsed.Seconds() + budgetPerSecond
	b.last = max(b.last, now-budgetSeconds*time.Second)
	for b.last < now {
		end := b.last.Truncate(time.Second) + time.Second
		b.slots[b.head] += perSecond * (min(end, now) - b.last).Seconds()
		if end > now {
			break
		}
		b.head = (b.head + 1) % len(b.slots)
		b.slots[b.head] = 0
		b.last = end
	}
	b.last = now
}
