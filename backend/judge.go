package backend

import (
	"fmt"
	"slices"
	"time"
)

// judge looks for outliers among the members of the pool that was started last.
func (s *shared) judge(now time.Time) {
	p := s.current.Load()
	if p == nil || p.outliers == nil {
		return
	}
	o := p.outliers
	p.readmitBeyondHalf(now)
	median := p.median()
	for _, m := range p.members {
		m.readmit(now, false)
		m.forgive(now, o)
		c := m.conduct.Load()
		if c == nil {
			continue
		}
		if e, out := o.verdict(c, median); out {
			e.Since = now
			s.eject(m.Backend, e)
		}
		c.advance(now, o.Window)
	}
}

// readmitBeyondHalf ends the oldest ejections where more than half of the pool is
// out, as it is after a reload that took others away.
func (p *Pool) readmitBeyondHalf(now time.Time) {
	type outlier struct {
		*Backend
		since time.Time
	}
	var out []outlier
	for _, m := range p.members {
		if e := m.ejected(); e != nil {
			out = append(out, outlier{m.Backend, e.Since})
		}
	}
	surplus := len(out) - len(p.members)/2
	if surplus <= 0 {
		return
	}
	slices.SortStableFunc(out, func(a, b outlier) int { return a.since.Compare(b.since) })
	for _, b := range out[:surplus] {
		b.readmit(now, true)
	}
}

// verdict returns why a backend of such conduct is an outlier, if it is one.
func (o *Outliers) verdict(c *conduct, median time.Duration) (e Ejection, out bool) {
	if n := int(c.row.Load()); o.Consecutive > 0 && n >= o.Consecutive {
		return Ejection{Reason: inARow(n), Errors: true}, true
	}
	requests, errors := c.share()
	if o.ErrorPercent > 0 && requests >= o.Requests && 100*errors >= o.ErrorPercent*requests {
		return Ejection{
			Reason: fmt.Sprintf("%d %% of %d requests failed", 100*errors/requests, requests), Errors: true,
		}, true
	}
	if o.Latency <= 0 || median == 0 {
		return Ejection{}, false
	}
	typical := c.typical(o.Requests)
	if typical < max(suspectFloor, time.Duration(o.Latency*float64(median))) {
		return Ejection{}, false
	}
	return Ejection{Reason: fmt.Sprintf("typically %v to the first byte, %v in the pool",
		typical.Round(time.Millisecond), median.Round(time.Millisecond))}, true
}

// median returns the middle one of the members' typical times, the lower of
// two; 0 if fewer than two members have one.
func (p *Pool) median() time.Duration {
	if p.outliers.Latency <= 0 {
		return 0
	}
	var typical []time.Duration
	for _, m := range p.members {
		c := m.conduct.Load()
		if c == nil {
			continue
		}
		if d := c.typical(p.outliers.Requests); d > 0 {
			typical = append(typical, d)
		}
	}
	if len(typical) < 2 {
		return 0
	}
	slices.Sort(typical)
	return typical[(len(typical)-1)/2]
}

// watchOutliers begins to count what the members do, or ends it, and with it
// every ejection.
func (p *Pool) watchOutliers(now time.Time) {
	for _, m := range p.members {
		if p.outliers != nil {
			m.conduct.CompareAndSwap(nil, new(conduct))
			continue
		}
		m.conduct.Store(nil)
		m.readmit(now, true)
	}
}
