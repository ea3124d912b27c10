package http2

import (
	"net/http"
	"sync/atomic"
	"time"
)

// dates keeps the value of the Date header for as long as it is right. The
// zero value is ready.
type dates struct{ latest atomic.Pointer[date] }

type date struct {
	second int64
	text   string
}

// now is the value for this second.
func (d *dates) now() string {
	now := time.Now()
	second := now.Unix()
	if l := d.latest.Load(); l != nil && l.second == second {
		return l.text
	}
	l := &date{second: second, text: now.UTC().Format(http.TimeFormat)}
	d.latest.Store(l)
	return l.text
}
