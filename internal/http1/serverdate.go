package http1

import (
	"net/http"
	"sync/atomic"
	"time"
)

// serverDate keeps the Date header's line for as long as it is right. The zero
// value is ready.
type serverDate struct {
	latest atomic.Pointer[dateLine]
}

type dateLine struct {
	second int64
	line   []byte
}

// append appends the whole line of now.
func (d *serverDate) append(b []byte, now time.Time) []byte {
	l := d.latest.Load()
	if second := now.Unix(); l == nil || l.second != second {
		l = &dateLine{second: second, line: []byte("Date: ")}
		l.line = now.UTC().AppendFormat(l.line, http.TimeFormat)
		l.line = append(l.line, "\r\n"...)
		d.latest.Store(l)
	}
	return append(b, l.line...)
}
