package accesslog

import (
	"fmt"
	"time"
)

// reporter passes on at most one failure and one count of drops a second. Only
// the writer's goroutine uses it.
type reporter struct {
	report func(error)

	failedAt  time.Time
	droppedAt time.Time
	told      uint64 // drops reported so far
}

const reportPause = time.Second

func (r *reporter) failed(err error) {
	if now := time.Now(); r.report != nil && now.Sub(r.failedAt) >= reportPause {
		r.failedAt = now
		r.report(err)
	}
}

// drops takes the count of all lines dropped so far.
func (r *reporter) drops(total uint64) {
	if r.report == nil || total == r.told {
		return
	}
	if now := time.Now(); now.Sub(r.droppedAt) >= reportPause {
		r.droppedAt = now
		r.report(fmt.Errorf("access log: %d lines dropped", total-r.told))
		r.told = total
	}
}
