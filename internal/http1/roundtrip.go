package http1

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"sync"
	"time"
)

const (
	maxInformational = 16
	expectPatience   = time.Second // for a 100, before the body is sent all the same
)

// exchange is the state of a RoundTrip.
type exchange struct {
	*Exchange
	c      *ClientConn
	acked  uint64 // bytes that the peer's kernel had acknowledged before; proof says if known
	proof  bool
	sent   bool
	seen   bool
	unhook func() bool
	upload *upload
	clock  clock
}

// clock times the wait for an answer, which begins when the request has been
// sent whole. Until then the reader waits without a limit.
type clock struct {
	mu        sync.Mutex
	began     time.Time // zero: the request is still being sent
	suspected bool
}

// RoundTrip sends the request and reads the head of its answer. Errors are
// *[Error], also those of reading the body, which must be closed. After a 101
// the body is an io.ReadWriteCloser with CloseWrite.
func (c *ClientConn) RoundTrip(ex *Exchange) (*http.Response, error) {
	x := &exchange{Exchange: ex, c: c}
	c.reusable = false
	head, err := appendHead(c.out[:0], ex.Request, ex.Body != nil)
	if err != nil {
		return nil, &Error{Phase: PhaseWrite, Err: err}
	}
	c.out = head
	if c.exchanges > 0 {
		x.acked, x.proof = c.acknowledged()
	}
	c.exchanges++
	ctx := ex.Request.Context()
	x.unhook = func() bool { return true }
	if ctx.Done() != nil {
		x.unhook = context.AfterFunc(ctx, func() { c.Abort(context.Cause(ctx)) })
	}
	res, phase, err := x.run(head)
	if err != nil {
		x.stop()
		return nil, x.fail(phase, err)
	}
	return res, nil
}

func (x *exchange) run(head []byte) (*http.Response, Phase, error) {
	c := x.c
	if err := c.aborted(); err != nil {
		return nil, PhaseWrite, err
	}
	expect := x.Body != nil && hasToken(x.Request.Header["Expect"], "100-continue")
	x.sent = true
	c.setWriteDeadline(x.idleDeadline())
	if _, err := c.nc.Write(head); err != nil {
		// An answer may be there all the same: a refusal that did not wait.
		if x.Body == nil || isTimeout(err) {
			return nil, PhaseWrite, err
		}
	}
	switch {
	case x.Body == nil:
		x.start()
	case expect:
		c.setReadDeadline(time.Now().Add(expectPatience))
	default:
		x.send()
	}
	return x.answer(expect)
}

// send begins to send the body.
func (x *exchange) send() {
	x.c.setReadDeadline(time.Time{})
	x.upload = startUpload(x)
}

// start starts the clock.
func (x *exchange) start() {
	x.clock.mu.Lock()
	defer x.clock.mu.Unlock()
	x.clock.began = time.Now()
	x.c.setReadDeadline(x.nextDeadline())
}

// nextDeadline is the end of the stage that the wait is in. clock.mu is held.
func (x *exchange) nextDeadline() time.Time {
	if x.Suspect > 0 && !x.clock.suspected && (x.Response <= 0 || x.Suspect < x.Response) {
		return x.clock.began.Add(x.Suspect)
	}
	if x.Response > 0 {
		return x.clock.began.Add(x.Response)
	}
	return time.Time{}
}

// await waits for the first byte of an answer.
func (x *exchange) await(expect bool) error {
	for {
		_, err := x.c.br.Peek(1)
		if err == nil || !isTimeout(err) || x.c.aborted() != nil {
			return err
		}
		if expect && x.upload == nil {
			x.send()
			continue
		}
		if over := x.stage(); over {
			return err
		}
	}
}

// stage is called when a deadline passed; it reports whether it was the last.
func (x *exchange) stage() (over bool) {
	x.clock.mu.Lock()
	now, began := time.Now(), x.clock.began
	suspect := !began.IsZero() && x.Suspect > 0 && !x.clock.suspected && !now.Before(began.Add(x.Suspect))
	if suspect {
		x.clock.suspected = true
	}
	if !began.IsZero() && x.Response > 0 && !now.Before(began.Add(x.Response)) {
		over = true
	} else if began.IsZero() {
		x.c.setReadDeadline(time.Time{})
	} else {
		x.c.setReadDeadline(x.nextDeadline())
	}
	x.clock.mu.Unlock()
	if suspect && x.OnSuspect != nil {
		x.OnSuspect()
	}
	return over
}

// answer reads heads until the final one.
func (x *exchange) answer(expect bool) (*http.Response, Phase, error) {
	for n := 0; ; n++ {
		if err := x.await(expect); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, PhaseWait, err
		}
		x.seen = true
		x.c.setReadDeadline(x.headDeadline())
		res, err := x.readHead()
		if err != nil {
			return nil, PhaseHead, short(err)
		}
		switch {
		case res.StatusCode >= 200:
			return x.final(res)
		case res.StatusCode == http.StatusSwitchingProtocols:
			return x.switched(res)
		case n == maxInformational:
			return nil, PhaseHead, malformed("more than %d informational answers", maxInformational)
		}
		if x.Got1xx != nil {
			if err := x.Got1xx(res.StatusCode, textproto.MIMEHeader(res.Header)); err != nil {
				return nil, PhaseHead, err
			}
		}
		if res.StatusCode != http.StatusContinue && res.StatusCode != http.StatusEarlyHints {
			x.c.exchanges = -1 << 30 // never to be reused: see final
		}
		x.resume(expect && res.StatusCode == http.StatusContinue)
	}
}

// resume goes back to waiting after an informational answer.
func (x *exchange) resume(goOn bool) {
	if goOn && x.upload == nil {
		x.send()
		return
	}
	x.clock.mu.Lock()
	defer x.clock.mu.Unlock()
	if x.clock.began.IsZero() {
		x.c.setReadDeadline(time.Time{})
		return
	}
	x.clock.began, x.clock.suspected = time.Now(), true
	x.c.setReadDeadline(x.nextDeadline())
}

func (x *exchange) idleDeadline() time.Time {
	if x.BodyIdle <= 0 {
		return time.Time{}
	}
	return time.Now().Add(x.BodyIdle)
}

// headDeadline bounds the rest of a head whose first byte has come.
func (x *exchange) headDeadline() time.Time { return x.idleDeadline() }

// stop ends what the exchange has under way, but for the connection.
func (x *exchange) stop() {
	x.unhook()
	if x.upload != nil {
		x.upload.stop()
	}
}

// fail cuts the connection and says how far the exchange got.
func (x *exchange) fail(phase Phase, err error) *Error {
	e := &Error{Phase: phase, Sent: x.sent, Seen: x.seen, Err: err, Timeout: isTimeout(err)}
	if !x.seen && x.proof && !e.Timeout {
		now, ok := x.c.acknowledged()
		e.Unprocessed = ok && now == x.acked
	}
	if cause := x.c.aborted(); cause != nil {
		e.Err, e.Timeout = cause, errors.Is(cause, errStalled)
		e.Unprocessed = false
	}
	_ = x.c.Close()
	return e
}
