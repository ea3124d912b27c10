package backend

import (
	"net/http"
	"net/textproto"
	"sync"
	"time"

	"sterling/internal/http1"
)

var attempts = sync.Pool{New: func() any {
	a := new(attempt)
	a.own = callbacks{step: a.step, suspected: a.linger, informed: a.informed, firstByte: a.firstByte}
	return a
}}

// callbacks are methods of an attempt as functions, which are made once.
type callbacks struct {
	step      func() error
	suspected func() time.Duration
	firstByte func() error
	informed  func(int, textproto.MIMEHeader) error
}

func newAttempt(m *Member, req *http.Request, call *Call) *attempt {
	a := attempts.Get().(*attempt) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	a.member, a.req, a.call, a.start, a.before = m, req, call, call.Began, m.State()
	if a.start.IsZero() {
		a.start = time.Now()
	}
	return a
}

// Recycle lets go of what the attempt was made of, so that another may use it.
// It may be called, once, when RoundTrip has returned a response and its body
// was closed or read to its end. The caller must not touch the response, its
// header, trailer and body any more; strings that were in them stay valid. It
// is never an error not to call it.
func (c *Call) Recycle() {
	a := c.attempt
	c.attempt = nil
	if a != nil && a.reclaim() {
		attempts.Put(a)
	}
}

// reclaim makes the attempt as good as new, unless something may still hold it.
func (a *attempt) reclaim() bool {
	if !a.ended.Load() || a.caught || a.exchange.Memory != &a.memory || !a.memory.Reclaim() {
		return false
	}
	a.member, a.req, a.call, a.polled, a.unhook = nil, nil, nil, nil, nil
	a.exchange, a.body = http1.Exchange{}, h1Body{}
	a.stays, a.suspicious = false, false
	a.ended.Store(false)
	a.doubted.Store(false)
	a.hedged.Store(false)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cause, a.over, a.cancel, a.conn = nil, false, nil, nil
	return true
}
