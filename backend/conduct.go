package backend

import (
	"net/http"
	"sync/atomic"
	"time"
)

// conductParts is how many parts a window has; it moves on by one of them.
const conductParts = 5

// conduct is how a backend has answered of late. Requests only count; whoever
// judges looks at the sums once a second.
type conduct struct {
	row   atomic.Int32 // gateway errors since the last good answer
	at    atomic.Int32 // the part that is counted in
	parts [conductParts]conductPart
	next  time.Time // when the next part begins; the judge's own
}

type conductPart struct {
	good, bad atomic.Uint32
	times     [latencyBuckets]atomic.Uint32 // to the first byte
}

func (c *conduct) part() *conductPart { return &c.parts[c.at.Load()] }

// good counts an answer that is no gateway error.
func (c *conduct) good() {
	if c.row.Load() != 0 {
		c.row.Store(0)
	}
	c.part().good.Add(1)
}

// bad counts a gateway error and returns how many there were in a row.
func (c *conduct) bad() int {
	c.part().bad.Add(1)
	return int(c.row.Add(1))
}

// took counts how long an answer took.
func (c *conduct) took(d time.Duration) { c.part().times[latencyBucket(d)].Add(1) }

// advance begins the next part when it is time, or as many as time has passed
// for. Counts that are lost to a request at the same moment are no harm.
func (c *conduct) advance(now time.Time, window time.Duration) {
	width := window / conductParts
	if c.next.IsZero() {
		c.next = now.Add(width)
	}
	for range conductParts {
		if now.Before(c.next) {
			return
		}
		c.next = c.next.Add(width)
		next := (c.at.Load() + 1) % conductParts
		c.parts[next].clear()
		c.at.Store(next)
	}
	c.next = now.Add(width)
}

// clear forgets everything.
func (c *conduct) clear() {
	c.row.Store(0)
	for i := range c.parts {
		c.parts[i].clear()
	}
}

func (p *conductPart) clear() {
	p.good.Store(0)
	p.bad.Store(0)
	for i := range p.times {
		p.times[i].Store(0)
	}
}

// share returns how many requests the window holds, and how many of them
// were gateway errors.
func (c *conduct) share() (requests, errors int) {
	for i := range c.parts {
		bad := int(c.parts[i].bad.Load())
		requests += int(c.parts[i].good.Load()) + bad
		errors += bad
	}
	return requests, errors
}

// typical returns the median time to the first byte, within a fifth of its
// value; 0 if there are fewer than enough.
func (c *conduct) typical(enough int) time.Duration {
	var counts [latencyBuckets]int
	sum := 0
	for i := range c.parts {
		for j := range counts {
			n := int(c.parts[i].times[j].Load())
			counts[j] += n
			sum += n
		}
	}
	if sum < enough || sum == 0 {
		return 0
	}
	below := (sum + 1) / 2
	for j, n := range counts {
		if below -= n; below <= 0 {
			return latencyUpTo(j)
		}
	}
	return 0
}

// gatewayError reports whether an answer says that the backend could not do
// its work, and not what became of the work.
func gatewayError(status int) bool {
	return status == http.StatusBadGateway || status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout
}
