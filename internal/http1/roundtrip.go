package http1

import (
	"context"
	"errors"
	"net/http"
	"net/textproto"
	"time"
)

const (
	maxInformational = 16
	expectPatience   = time.Second // for a 100, before the body is sent all the same
	// joinedHead is the largest head that waits to be sent with the first bytes
	// of the body, and headPatience is for how long.
	joinedHead   = 8 << 10
	headPatience = 5 * time.Millisecond
)

// errUnasked is an answer to nothing: some servers send a 408 when they close
// an idle connection.
var errUnasked = errors.New("the server has answered before it was asked")

// RoundTrip sends the request and reads the head of its answer. Errors are
// *[Error], also those of reading the body, which must be closed. After a 101
// the body is an io.ReadWriteCloser with CloseWrite, which may be used by
// several goroutines; any other body is for one at a time.
func (c *ClientConn) RoundTrip(ex *Exchange) (*http.Response, error) {
	m := ex.Memory
	if m == nil {
		m = new(Memory)
	}
	x := &m.x
	x.Exchange, x.c, x.m, x.upgrade = ex, c, m, wantsUpgrade(ex.Request)
	x.clock.c, x.clock.suspect, x.clock.response = c, ex.Suspect, ex.Response
	if x.begins = ex.Begins; x.begins.IsZero() {
		x.begins = time.Now()
	}
	head, err := x.begin()
	if err != nil {
		x.stop()
		return nil, &Error{Phase: PhaseWrite, Err: err}
	}
	res, phase, err := x.run(head)
	if err != nil {
		return nil, x.fail(phase, err)
	}
	return res, nil
}

// begin takes the connection, and makes the request's head.
func (x *exchange) begin() ([]byte, error) {
	c, ctx, step := x.c, x.Context, x.Step
	if ctx == nil {
		ctx = x.Request.Context()
	}
	polled, ok := ctx.(Polled)
	if ok = ok && !x.upgrade; ok && step == nil {
		step = polled.Poll
	}
	if err := c.take(x.begins, stepsFrom(x.begins, step)); err != nil {
		return nil, err
	}
	head, err := appendHead(c.out[:0], x.Request, x.Body != nil)
	if err != nil {
		c.untake()
		return nil, err
	}
	c.out = head
	if c.exchanges > 0 {
		x.acked, x.proof = c.acknowledged()
	}
	c.exchanges++
	if !ok && ctx.Done() != nil {
		x.unhook = c.abortAfter(ctx)
	}
	return head, nil
}

func (c *ClientConn) abortAfter(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() { c.Abort(context.Cause(ctx)) })
}

func (x *exchange) run(head []byte) (*http.Response, Phase, error) {
	if err := x.c.aborted(); err != nil {
		return nil, PhaseWrite, err
	}
	expect := x.Body != nil && hasToken(x.Request.Header["Expect"], "100-continue")
	if x.Body != nil && !expect {
		var err error
		if head, err = x.gather(head); err != nil {
			return nil, PhaseWrite, err
		}
	}
	switch {
	case !x.streams() && x.c.push.possible():
		if err := x.pushHead(head); err != nil {
			return nil, PhaseWrite, err
		}
		return x.answer()
	case x.streams() && !expect && len(head) <= joinedHead:
		x.clock.holdFor(headPatience)
		x.send(head)
		x.clock.wait()
		return x.answer()
	}
	if err := x.sendHead(head); err != nil {
		return nil, PhaseWrite, err
	}
	switch {
	case !x.streams(), x.broken:
		x.clock.start()
	case expect:
		x.clock.holdFor(expectPatience)
	default:
		x.send(nil)
	}
	x.clock.wait()
	return x.answer()
}

// pushHead sends the head, which is all of the request, and waits.
func (x *exchange) pushHead(head []byte) error {
	x.clock.startAt(x.begins)
	x.clock.wait()
	x.sent = true
	n, err := x.c.pushAndWait(head)
	late := n == 0 && isTimeout(err) && x.c.aborted() == nil // the wait was over before it had begun, as after a pause of the machine
	if late || err == nil && n < len(head) {                 // or the socket takes no more at once
		var m int
		m, err = x.c.write(head[n:], x.BodyIdle)
		n += m
		x.clock.restart()
	}
	return x.headSent(n, err)
}

// sendHead sends the head by itself.
func (x *exchange) sendHead(head []byte) error {
	x.sent = true
	return x.headSent(x.c.write(head, x.BodyIdle))
}

// headSent judges how that went.
func (x *exchange) headSent(n int, err error) error {
	switch {
	case err == nil:
	case n == 0 || isTimeout(err):
		x.unsent = n == 0
		return err
	default:
		x.broken = true // an answer may be there all the same: a refusal that did not wait
	}
	return nil
}

// send begins to send the body, after the head if that is still to be sent.
func (x *exchange) send(head []byte) { x.upload = startUpload(x, head) }

// holding reports whether the body waits for a 100.
func (x *exchange) holding() bool { return x.streams() && x.upload == nil && !x.broken }

// answer reads heads until the final one.
func (x *exchange) answer() (*http.Response, Phase, error) {
	for n := 0; ; n++ {
		if err := x.await(); err != nil {
			return nil, PhaseWait, err
		}
		if x.upload != nil && x.upload.withhold() {
			return nil, PhaseWrite, errUnasked
		}
		if err := x.firstByte(); err != nil {
			return nil, PhaseWait, err
		}
		x.seen, x.Answered = true, time.Now()
		res, err := x.head()
		switch {
		case err != nil:
			return nil, PhaseHead, short(err)
		case res.StatusCode >= 200:
			return x.final(res)
		case n == maxInformational:
			return nil, PhaseHead, malformed("more than %d informational answers", maxInformational)
		}
		if err := bodiless(res.Header); err != nil {
			return nil, PhaseHead, err
		}
		if res.StatusCode == http.StatusSwitchingProtocols {
			return x.switched(res)
		}
		if err := x.informed(res); err != nil {
			return nil, PhaseHead, err
		}
		x.clock.wait()
	}
}

// firstByte tells of it.
func (x *exchange) firstByte() error {
	if x.seen || x.FirstByte == nil {
		return nil
	}
	return x.FirstByte()
}

// head reads a head whose first byte is there.
func (x *exchange) head() (*http.Response, error) {
	if res := x.quickHead(); res != nil {
		x.clock.whole()
		return res, nil
	}
	x.clock.head(x.headLimit())
	res, err := x.readHead()
	x.Answered = time.Now()
	return res, err
}

// await waits for the first byte of a head.
func (x *exchange) await() error {
	x.c.attend()
	for {
		_, err := x.c.br.Peek(1)
		if err == nil || !isTimeout(err) || x.c.aborted() != nil {
			return err
		}
		if x.clock.held() {
			x.hurry()
			continue
		}
		suspect, over := x.clock.passed()
		if suspect && x.OnSuspect != nil {
			x.clock.suspectAt(x.OnSuspect())
		}
		if over {
			return err
		}
	}
}

// hurry sends what was held back.
func (x *exchange) hurry() {
	if x.holding() {
		x.send(nil)
		return
	}
	x.upload.hurry()
}

// informed passes an informational answer on.
func (x *exchange) informed(res *http.Response) error {
	if res.StatusCode != http.StatusContinue && res.StatusCode != http.StatusEarlyHints {
		x.odd = true
	}
	if x.Got1xx != nil {
		if err := x.Got1xx(res.StatusCode, textproto.MIMEHeader(res.Header)); err != nil {
			return err
		}
	}
	if res.StatusCode == http.StatusContinue && x.holding() {
		x.send(nil)
	}
	return nil
}

// headLimit is when a head must have come whose first byte is there.
func (x *exchange) headLimit() time.Time {
	switch {
	case x.BodyIdle > 0:
		return x.Answered.Add(x.BodyIdle)
	case x.Response > 0:
		return x.Answered.Add(x.Response)
	}
	return noDeadline
}
