package proxy

import "time"

// pace is how long a client may keep the door waiting for its body: limit at
// first, and each byte that comes buys 1/rate of a second more, never beyond
// limit. So whoever sends at rate or faster may go on for ever, pauses of up to
// limit among it, and whoever sends less is out of time sooner or later. Only
// time in which somebody waits for the client counts: what a backend, or a
// queue, takes is not the client's.
//
// Its zero value knows no end. It is not safe for concurrent use.
type pace struct {
	limit time.Duration // 0: none
	rate  int64         // bytes a second; 0: any byte buys all of limit
	left  time.Duration // when nobody waits
	since time.Time     // that somebody waits; zero: nobody does
}

// newPace has all of limit left.
func newPace(limit time.Duration) pace { return pace{limit: limit, left: limit} }

// begin says that somebody waits, and returns when the client is out of time.
func (p *pace) begin(now time.Time) time.Time {
	p.since = now
	return now.Add(p.left)
}

// end says that n bytes have come. now is called only where they do not buy all
// of the limit.
func (p *pace) end(n int, now func() time.Time) {
	earned := p.limit
	if p.rate > 0 {
		earned = min(p.limit, time.Duration(int64(n)*int64(time.Second)/p.rate))
	}
	if earned < p.limit {
		// Who is late by no fault of the client's, for want of a processor, has
		// it run up no debt.
		p.left = max(0, p.left-now().Sub(p.since))
	} else {
		p.left = 0
	}
	p.left = min(p.limit, p.left+earned)
	p.since = time.Time{}
}

// forgive takes the rate away: from now on, silence alone counts. It returns
// when the client is out of time by that, if somebody waits.
func (p *pace) forgive(now time.Time) (due time.Time, waits bool) {
	p.rate, p.left = 0, p.limit
	if p.since.IsZero() {
		return time.Time{}, false
	}
	return p.begin(now), true
}

// slow tells a client that is out of time, though it has sent something lately,
// from one that has fallen silent.
func (p *pace) slow(now time.Time) bool { return p.rate > 0 && now.Sub(p.since) < p.limit/2 }
