package http1

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"time"
)

// Exchange is one request, and the limits of its answer.
type Exchange struct {
	// Request gives Method, URL, Host, Header, ContentLength (-1: chunked) and
	// Trailer. Its Body is not used. Hop-by-hop headers were removed by the
	// caller, but for an Upgrade that is wanted, Te and Expect. The fields of
	// Trailer go after a chunked body, as they are once Body has ended. Their
	// names are announced as Header's Trailer field says; without one, by the
	// names that are in Trailer when the exchange begins.
	Request *http.Request
	// Body is read to its end; nil: there is none. It may block, and may be
	// [Buffered]; if it has a
	// Close method, that is called when nothing more is wanted of it. Where
	// reading fails the connection is cut, so that the server never sees a
	// whole request, and the exchange fails with that error.
	Body io.Reader
	// Suspect is how long no byte of an answer may come after the request was
	// sent until OnSuspect is called; 0: never. OnSuspect returns after which
	// time, from the same moment on, it is called again; 0: no more.
	Suspect   time.Duration
	OnSuspect func() (again time.Duration)
	// Response is how long the first byte of the final answer may take from
	// when the request was sent whole, informational answers or not; 0: for
	// ever.
	Response time.Duration
	// BodyIdle bounds each read and write without progress, and the time that
	// a head takes from its first byte to its last; 0: no limit, and Response
	// for a head.
	BodyIdle time.Duration
	// FirstByte is called when the first byte of an answer, informational or not,
	// was read; may be nil. An error ends the exchange as if none had been.
	FirstByte func() error
	// Got1xx hears of informational answers but 101; may be nil. An error ends
	// the exchange.
	Got1xx func(code int, header textproto.MIMEHeader) error
	// Context ends the exchange, with its cause; nil: that of Request does. Where
	// it is a [Polled] one and no upgrade is asked for, it is asked, as below.
	Context context.Context
	// Step is asked now and then whether the exchange should go on: first after
	// it has waited for the server for 50 ms, then after twice as long each time,
	// up to 250 ms, also while the answer's body is read. An error ends the
	// exchange. nil: Context is asked, if it is Polled.
	Step func() error
	// Memory is used for the exchange and its answer; nil: what they need is
	// allocated. See [Memory.Reclaim] for when it may be used again.
	Memory *Memory
	// Begins is when the exchange begins, where the caller has looked at the
	// clock anyway; zero: RoundTrip does.
	Begins time.Time

	// Answered is when the final answer's head was read. RoundTrip fills it in.
	Answered time.Time
	// Ended is when the last byte of an answer was read that is whole. It is
	// filled in before the body says that it has ended.
	Ended time.Time
}

// exchange is the state of a RoundTrip. It belongs to the goroutine that runs
// RoundTrip, and then to the reader of the body.
type exchange struct {
	*Exchange
	c        *ClientConn
	m        *Memory // that this is in
	begins   time.Time
	acked    uint64 // bytes that the peer's kernel had acknowledged before; proof says if known
	proof    bool
	sent     bool // this and unsent belong to who holds upload.using, where there is one
	unsent   bool // writing failed before the first byte
	seen     bool
	gathered bool // the body goes with the head
	broken   bool // the head could not be sent whole
	early    bool // the final answer began before the request was sent whole
	upgrade  bool // the request asks for one
	odd      bool // an informational answer came after which the framing is not to be trusted
	stopped  bool
	watched  bool        // the context's end could not be called off
	unhook   func() bool // from the context's end
	marks    marks       // fields that the answer may have
	upload   *upload
	clock    clock
}

// streams reports whether there is a body that is sent by itself.
func (x *exchange) streams() bool { return x.Body != nil && !x.gathered }

// stop ends what the exchange has under way, but for the connection. It
// reports false when the context's end is about to cut the connection.
func (x *exchange) stop() bool {
	if x.stopped {
		return !x.watched
	}
	x.stopped = true
	if x.upload != nil {
		x.upload.stopped.Store(true)
	}
	if c, ok := x.Body.(io.Closer); ok {
		_ = c.Close() // a SpoolReader: it lets go of the source
	}
	x.watched = x.unhook != nil && !x.unhook()
	return !x.watched
}

// join waits until nothing of the exchange is used any more. The connection has
// been cut, so that it is but a moment.
func (x *exchange) join() {
	if x.upload != nil {
		x.upload.join()
	}
}

// fail cuts the connection and says how far the exchange got.
func (x *exchange) fail(phase Phase, err error) *Error {
	cause := x.c.aborted()
	x.stop()
	if x.upload != nil {
		x.c.Abort(err) // ends a write that is under way
	}
	x.join()
	e := &Error{Phase: phase, Sent: x.sent && !x.unsent, Seen: x.seen, Err: short(err), Timeout: isTimeout(err)}
	switch {
	case cause != nil:
		e.Err, e.Timeout = cause, errors.Is(cause, errStalled)
	case x.seen, e.Timeout:
	case !x.sent, x.unsent:
		e.Unprocessed = true
	case ended(err), errors.Is(err, errUnasked):
		e.Unprocessed = x.refused()
	}
	_ = x.c.Close() // the exchange's error says more
	return e
}

// refused reports whether the server's kernel took in nothing of the request,
// because the program had closed the connection before.
func (x *exchange) refused() bool { return x.proof && x.c.refused(x.acked) }
