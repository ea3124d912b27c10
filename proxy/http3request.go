package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/quic-go/quic-go"
)

// malformedKey marks a request whose fault the door is not shown.
type malformedKey struct{}

// ServeHTTP gives a request to the door in the form that those of the other
// engines have.
func (q *quicSide) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := quicConnOf(r.Context())
	c.begin()
	var body *streamBody
	defer func() { c.end(r.Context().Err() != nil || body != nil && body.broken.Load()) }()
	if stream, ok := r.Body.(interface{ StreamID() quic.StreamID }); ok { // it is one of http3
		frames := c.frames.claim(stream.StreamID())
		defer c.frames.release(stream.StreamID())
		if frames.malformed {
			r = r.WithContext(context.WithValue(r.Context(), malformedKey{}, true))
		}
		r.Body = &framedBody{ReadCloser: r.Body, conn: c, frames: frames}
	}
	r.Header.Del("Early-Data") // the door says so, or nobody
	r.Proto = "HTTP/3.0"       // an extended CONNECT has put what it asks for there
	if r.Trailer != nil {
		r.Body = &trailedBody{ReadCloser: r.Body, in: r, announced: r.Trailer}
	}
	q.findBody(w, r)
	if !r.TLS.HandshakeComplete && !replayable(r) {
		select {
		case <-c.conn.HandshakeComplete():
		case <-r.Context().Done():
		}
		state := c.conn.ConnectionState().TLS
		r.TLS = &state
	}
	if r.Body != http.NoBody {
		body = &streamBody{ReadCloser: r.Body}
		r.Body = body
	}
	q.door.ServeHTTP(w, r)
	q.finish(w)
}

// finish sends what the server below still keeps of the answer. That one would do
// it without a limit, and announce a length of zero for an answer to HEAD.
func (q *quicSide) finish(w http.ResponseWriter) {
	control := http.NewResponseController(w)
	if idle := q.front.cfg.WriteIdle; idle > 0 {
		_ = control.SetWriteDeadline(time.Now().Add(idle)) // a stream has deadlines
	}
	if err := control.Flush(); err != nil {
		panic(http.ErrAbortHandler) // the client must not take it for whole
	}
}

// replayable reports whether a request may be answered before it is certain
// that it was not recorded and sent again (RFC 8470).
func replayable(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return r.Body == http.NoBody
	}
	return false
}

// findBody sees whether a request has a body. In HTTP/3 nothing says so but
// what follows the head. Of methods that seldom have one, and of an announced
// length of zero, that is waited for, as long as for the head; of the others it
// is seen where the stream has ended with the head. Whatever has a body cannot be
// sent twice.
func (q *quicSide) findBody(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength > 0 {
		return
	}
	until := time.Unix(1, 0) // it has passed: what is read has been there
	if r.ContentLength == 0 || seldomBodied(r.Method) {
		until = time.Now().Add(handshakeTime(q.front.cfg.HeaderTimeout))
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(until) // a stream has deadlines
	b := &begunBody{ReadCloser: r.Body, ahead: make([]byte, 1)}
	var n int
	for n == 0 && b.err == nil {
		n, b.err = r.Body.Read(b.ahead)
	}
	if n == 0 && errors.Is(b.err, os.ErrDeadlineExceeded) {
		n, b.err = r.Body.Read(b.ahead) // an end that came by itself is seen at the second look
	}
	_ = control.SetReadDeadline(time.Time{}) // as above
	b.ahead = b.ahead[:n]
	switch {
	case n == 0 && b.err == io.EOF: //nolint:errorlint // a wrapped one is no end of the body
		r.Body, r.ContentLength = http.NoBody, 0
	case n == 0 && r.ContentLength < 0 && !seldomBodied(r.Method) && errors.Is(b.err, os.ErrDeadlineExceeded):
		// It goes on; nothing of it was read.
	default:
		r.Body, r.ContentLength = b, -1 // a length of zero would end the request before what follows its head is met
	}
}

func seldomBodied(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodDelete:
		return true
	}
	return false
}

// begunBody is a body of which the beginning, or the end, was read.
type begunBody struct {
	io.ReadCloser
	ahead []byte
	err   error // that came with it
}

func (b *begunBody) Read(p []byte) (int, error) {
	n := copy(p, b.ahead)
	b.ahead = b.ahead[n:]
	switch {
	case len(b.ahead) > 0:
		return n, nil
	case b.err != nil:
		return n, b.err
	case n > 0:
		return n, nil
	}
	return b.ReadCloser.Read(p)
}

// trailedBody puts the trailers where the announced names are, as the other
// engines do: this one has a new map for them, which a copy of the request lacks.
type trailedBody struct {
	io.ReadCloser
	in        *http.Request
	announced http.Header
}

func (b *trailedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		for name := range b.announced {
			b.announced[name] = b.in.Trailer[name]
		}
	}
	return n, err
}
