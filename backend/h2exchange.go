package backend

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"sync"
	"sync/atomic"
	"time"
)

// h2Exchange watches over one exchange of the standard transport: how far it
// got, and the limits while it waits for the answer.
type h2Exchange struct {
	attempt *attempt
	cancel  context.CancelCauseFunc
	link    *stdLink
	body    *h2RequestBody // nil: none
	ended   atomic.Bool

	mu                 sync.Mutex // guards what follows
	sent, seen, reused bool
	written            time.Time
	suspicion, limit   *time.Timer
	settled            bool // the head has come, or never will
}

// trace returns the hooks through which the transport tells of its progress.
func (x *h2Exchange) trace() *httptrace.ClientTrace {
	begin := time.Now()
	return &httptrace.ClientTrace{
		GotConn: func(c httptrace.GotConnInfo) {
			x.mu.Lock()
			defer x.mu.Unlock()
			x.sent, x.reused = true, c.Reused
			if !c.Reused {
				x.attempt.call.Connect = time.Since(begin)
			}
		},
		WroteRequest:         func(httptrace.WroteRequestInfo) { x.wait() },
		GotFirstResponseByte: x.answered,
		Got1xxResponse:       x.informed,
	}
}

// informed passes a 1xx answer on, which never happens after RoundTrip has
// returned: settle waits.
func (x *h2Exchange) informed(code int, header textproto.MIMEHeader) error {
	x.attempt.member.waiting.remove(x.attempt)
	x.mu.Lock()
	defer x.mu.Unlock()
	if to := x.attempt.call.Informed; to != nil && !x.settled {
		return to.Informed(code, header)
	}
	return nil
}

// wait starts the limits of the wait for an answer.
func (x *h2Exchange) wait() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.settled || x.limit != nil {
		return
	}
	x.written = time.Now()
	x.limit = time.AfterFunc(x.attempt.responseLimit(), func() { x.cancel(errResponseTimeout) })
	if patience := x.attempt.patience(); patience > 0 && !x.seen {
		x.suspicion = time.AfterFunc(patience, x.linger)
	}
}

// linger is called when the answer does not come.
func (x *h2Exchange) linger() {
	again := x.attempt.linger()
	x.mu.Lock()
	defer x.mu.Unlock()
	if again > 0 && !x.settled && !x.seen {
		x.suspicion.Reset(again - time.Since(x.written))
	}
}

// answered ends the suspicion, and keeps the attempt where it is unless it was
// moved before.
func (x *h2Exchange) answered() {
	x.attempt.member.waiting.remove(x.attempt)
	if x.attempt.interrupted() != nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.seen = true
	if x.suspicion != nil {
		x.suspicion.Stop()
	}
}

// settle ends all limits of the wait.
func (x *h2Exchange) settle() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.settled = true
	if x.limit != nil {
		x.limit.Stop()
	}
	if x.suspicion != nil {
		x.suspicion.Stop()
	}
	x.attempt.call.Reused = x.reused
}

// end releases what the exchange holds, once; what still runs of it is cut.
func (x *h2Exchange) end() {
	if !x.ended.Swap(true) {
		x.cancel(nil)
		x.link.done()
	}
}

func (x *h2Exchange) progress() (sent, seen, reused bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.sent, x.seen, x.reused
}

// sentAt returns when the request was sent; zero if the answer came first.
func (x *h2Exchange) sentAt() time.Time {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.written
}

// h2RequestBody keeps the client's body open for another attempt, whatever the
// transport does with it, and notices when the backend takes nothing of it.
type h2RequestBody struct {
	body   io.Reader
	limit  time.Duration
	cancel context.CancelCauseFunc
	end    func() // called at the end of the body; nil: nothing is

	mu     sync.Mutex // guards what follows
	stall  *time.Timer
	closed bool
	err    error
}

// Read reads on; between two reads the transport is writing.
func (b *h2RequestBody) Read(p []byte) (int, error) {
	b.pause(false)
	n, err := b.body.Read(p)
	if err == io.EOF && b.end != nil {
		b.end()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil && err != io.EOF {
		b.err = err
	}
	if b.closed || err != nil {
		return n, err
	}
	if b.stall == nil {
		b.stall = time.AfterFunc(b.limit, func() { b.cancel(errBodyStalled) })
	} else {
		b.stall.Reset(b.limit)
	}
	return n, nil
}

// Close ends the watch alone.
func (b *h2RequestBody) Close() error {
	b.pause(true)
	return nil
}

func (b *h2RequestBody) pause(last bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = b.closed || last
	if b.stall != nil {
		b.stall.Stop()
	}
}

// failure returns how reading the client's body failed; nil: it has not.
func (b *h2RequestBody) failure() error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// h2Body is an answer's body. Its end, or Close, ends the attempt.
type h2Body struct {
	exchange *h2Exchange
	ctx      context.Context
	body     io.ReadCloser
	limit    time.Duration
	idle     *time.Timer
	err      error // how reading ended; nil: it has not
}

func (b *h2Body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.idle == nil {
		b.idle = time.AfterFunc(b.limit, func() { b.exchange.cancel(errBackendIdle) })
	} else {
		b.idle.Reset(b.limit)
	}
	n, err := b.body.Read(p)
	b.idle.Stop()
	switch {
	case err == nil:
		return n, nil
	case err == io.EOF:
		b.err = io.EOF
		b.exchange.attempt.end()
	default:
		e := b.exchange.error(b.ctx, err)
		e.Sent, e.Seen, e.Reused = true, true, false
		b.err = e
		b.exchange.attempt.failed(e)
	}
	return n, b.err
}

// Close cuts an answer that was not read to its end.
func (b *h2Body) Close() error {
	if b.err == nil {
		b.err = http.ErrBodyReadAfterClose
	}
	err := b.body.Close()
	b.exchange.attempt.end()
	b.exchange.end()
	return err
}
