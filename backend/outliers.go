package backend

import (
	"cmp"
	"time"
)

// Outliers says when a member of a pool that answers its checks is ejected all
// the same: for a while it takes no new visitors, because it fails requests, or
// is slow beside the others. Never more than half of a pool is out, nor the
// last member that takes new visitors.
//
// The three measures are off at 0; the rest has defaults.
type Outliers struct {
	Consecutive  int     // gateway errors in a row: failed exchanges, 502, 503 or 504 answered, or silence while others answer
	ErrorPercent int     // share of gateway errors among the requests of the window
	Latency      float64 // times the median of the pool's typical times to the first byte, 100 ms or more

	Requests int           // the least number in the window to judge by; default 20
	Window   time.Duration // default 10s
	Eject    time.Duration // the first time; it doubles each time, and halves with as much good time; default 30s
	EjectMax time.Duration // default 5m, or Eject if that is longer
}

func (o Outliers) withDefaults() *Outliers {
	o.Requests = cmp.Or(o.Requests, 20)
	o.Window = cmp.Or(o.Window, 10*time.Second)
	o.Eject = cmp.Or(o.Eject, 30*time.Second)
	o.EjectMax = max(cmp.Or(o.EjectMax, 5*time.Minute), o.Eject)
	return &o
}

// term returns how long an ejection lasts after so many that still count.
func (o *Outliers) term(before int) time.Duration {
	d := o.Eject
	for ; before > 0 && d < o.EjectMax; before-- {
		d *= 2
	}
	return min(d, o.EjectMax)
}
