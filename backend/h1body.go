package backend

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"sterling/internal/http1"
)

var errNotReplayable = errors.New("the client's body cannot be sent again")

// sentTimer notes when a request's body has been read to its end, which may
// happen in another goroutine and after the answer has begun.
type sentTimer struct {
	body  *http1.SpoolReader
	begin time.Time
	after atomic.Int64 // nanoseconds since begin
	end   func()       // called at the end of the body; nil: nothing is
}

func (s *sentTimer) Read(p []byte) (int, error) {
	n, err := s.body.Read(p)
	if err != nil {
		s.after.Store(int64(time.Since(s.begin)))
	}
	if err == io.EOF && s.end != nil { //nolint:errorlint // a wrapped one is no end of the body
		s.end()
	}
	return n, err
}

// Buffered implements [http1.Buffered].
func (s *sentTimer) Buffered() ([]byte, bool) { return s.body.Buffered() }

// Close lets go of the client's body.
func (s *sentTimer) Close() error { return s.body.Close() }

// took returns the time that the body took; 0 where there is none.
func (s *sentTimer) took() time.Duration {
	if s == nil {
		return 0
	}
	return time.Duration(s.after.Load())
}

// wrap makes the response's body end the attempt.
func (t *h1) wrap(a *attempt, conn *http1.ClientConn, resp *http.Response) {
	if stream, ok := resp.Body.(duplex); ok && resp.StatusCode == http.StatusSwitchingProtocols {
		resp.Body = &h1Upgraded{attempt: a, conn: conn, stream: stream}
		return
	}
	a.body = h1Body{transport: t, attempt: a, conn: conn, body: resp.Body.(answerBody)} //nolint:errcheck,forcetypeassert // any other is one
	resp.Body = &a.body
}

// answerBody is what the body of any other answer is.
type answerBody interface {
	io.ReadCloser
	io.WriterTo
}

// h1Body is an answer's body. Its end, or Close, gives the connection back.
type h1Body struct {
	transport *h1
	attempt   *attempt
	conn      *http1.ClientConn
	body      answerBody
	err       error // how reading ended; nil: it has not
}

func (b *h1Body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.body.Read(p)
	if err == nil {
		return n, nil
	}
	if err == io.EOF { //nolint:errorlint // a wrapped one is no end of the body
		b.err = io.EOF
		b.transport.release(b.attempt, b.conn)
		return n, io.EOF
	}
	return n, b.failed(err)
}

// WriteTo implements [io.WriterTo]. An error of w is returned as it is.
func (b *h1Body) WriteTo(w io.Writer) (int64, error) {
	if b.err != nil {
		return 0, b.unlessEnded()
	}
	n, err := b.body.WriteTo(w)
	var x *http1.Error
	switch {
	case err == nil:
		b.err = io.EOF
		b.transport.release(b.attempt, b.conn)
	case errors.As(err, &x):
		err = b.failed(err)
	}
	return n, err
}

func (b *h1Body) unlessEnded() error {
	if b.err == io.EOF { //nolint:errorlint // it was set above
		return nil
	}
	return b.err
}

func (b *h1Body) failed(err error) error {
	e := h1Error(b.attempt, err)
	e.Seen = true
	b.err = e
	b.attempt.failed(e)
	return e
}

// Waits reports whether a Read would have to wait for the backend: nothing of
// the body has come with the head.
func (b *h1Body) Waits() bool {
	w, ok := b.body.(interface{ Waits() bool })
	return ok && b.err == nil && w.Waits()
}

// Close cuts an answer that was not read to its end.
func (b *h1Body) Close() error {
	if b.attempt.ended.Load() {
		return nil
	}
	err := b.body.Close()
	if b.err == nil {
		b.err = http.ErrBodyReadAfterClose
	}
	b.transport.release(b.attempt, b.conn)
	return err
}

// duplex is what the body of a 101 is.
type duplex interface {
	io.ReadWriteCloser
	CloseWrite() error
}

// h1Upgraded is a connection that speaks another protocol now. Reading,
// writing and closing may be done by different goroutines. It is in flight
// until it is closed.
type h1Upgraded struct {
	attempt *attempt
	conn    *http1.ClientConn
	stream  duplex
}

func (u *h1Upgraded) Read(p []byte) (int, error)  { return u.stream.Read(p) }
func (u *h1Upgraded) Write(p []byte) (int, error) { return u.stream.Write(p) }
func (u *h1Upgraded) CloseWrite() error           { return u.stream.CloseWrite() }

// Close closes the connection.
func (u *h1Upgraded) Close() error {
	err := u.stream.Close()
	u.attempt.end()
	_ = u.conn.Close() // if the stream's Close has not done so
	return err
}

// h1Error turns an error of the exchange into ours.
func h1Error(a *attempt, err error) *Error {
	var clientBody *http1.BodyError
	var x *http1.Error
	if !errors.As(err, &x) {
		x = &http1.Error{Sent: true, Err: err}
	}
	e := &Error{Kind: BackendCut, Sent: x.Sent, Seen: x.Seen, Err: x.Err, Reused: a.call.Reused && !x.Seen}
	cause := a.interrupted()
	switch {
	case cause != nil:
		e.Kind, e.Err = endedKind(cause), cause
	case errors.As(err, &clientBody):
		e.Kind = ClientBody
	case x.Timeout:
		e.Kind = timeoutKind(x)
	case x.Unprocessed:
		e.Sent = false
		if a.call.Reused {
			e.Kind = Stale
		}
	case x.Malformed():
		e.Kind = BadResponse
	}
	return e
}

// timeoutKind tells the limits apart. The one for sending a body may pass in
// any phase, since the answer is awaited meanwhile; only it is no deadline.
func timeoutKind(x *http1.Error) Kind {
	switch {
	case x.Phase == http1.PhaseWrite, !errors.Is(x.Err, os.ErrDeadlineExceeded):
		return BodyStalled
	case x.Phase == http1.PhaseBody:
		return BackendBodyIdle
	default:
		return ResponseTimeout
	}
}

// asError returns err as ours; every error of this package is one.
func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: BackendCut, Sent: true, Err: err}
}
