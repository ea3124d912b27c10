package proxy

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/quic-go/quic-go/http3/qlog"
	"github.com/quic-go/quic-go/qlogwriter"
)

// quicFrames sees the frames of one connection's requests. The server below tells
// of them in its log alone (qlog), and before it acts on them, so this takes the
// place of one: a scheme and a Content-Length that are not there, frames of
// server push, and DATA that is cut short show nowhere else.
type quicFrames struct {
	conn  *quicConn
	asked atomic.Bool // by the transport below HTTP/3

	mu        sync.Mutex // guards what follows
	requests  map[quic.StreamID]*requestFrames
	unclaimed int // of them, which no handler has
}

// requestFrames is what is known of one request's.
type requestFrames struct {
	malformed bool
	data      uint64 // bytes that its DATA frames have announced
}

// frames is a quic.Config.Tracer.
func (q *quicSide) frames(ctx context.Context, _ bool, _ quic.ConnectionID) qlogwriter.Trace {
	return quicConnOf(ctx).frames
}

// AddProducer implements [qlogwriter.Trace]. The first that asks is the transport,
// which would tell of each packet, and is told that nobody listens.
func (f *quicFrames) AddProducer() qlogwriter.Recorder {
	if !f.asked.Swap(true) {
		return nil
	}
	return f
}

// Close implements [qlogwriter.Recorder].
func (f *quicFrames) Close() error { return nil }

// RecordEvent implements [qlogwriter.Recorder].
func (f *quicFrames) RecordEvent(e qlogwriter.Event) {
	p, ok := e.(qlog.FrameParsed)
	if !ok || p.StreamID%4 != 0 { // requests are on the streams that a client opens in both directions
		return
	}
	f.mu.Lock()
	r := f.requests[p.StreamID]
	code := http3.ErrCodeNoError
	switch frame := p.Frame.Frame.(type) {
	case qlog.DataFrame:
		if r != nil {
			r.data += uint64(p.Raw.PayloadLength) //nolint:gosec // from 62 bits
		}
	case qlog.HeadersFrame:
		// Those that the server below refuses never come to be claimed.
		if r == nil && malformedFields(frame.HeaderFields) && f.fault(p.StreamID) > maxStreams {
			code = http3.ErrCodeExcessiveLoad
		}
	case qlog.CancelPushFrame, qlog.PushPromiseFrame, qlog.MaxPushIDFrame: // RFC 9114, sections 7.2.3, 7.2.5 and 7.2.7
		f.fault(p.StreamID)
		code = http3.ErrCodeFrameUnexpected
	}
	f.mu.Unlock()
	if code != http3.ErrCodeNoError {
		f.conn.refuse(code)
	}
}

// malformedFields reports whether a request has no scheme that is one of HTTP, or
// a field that is lost on its way to the handler, or made whole (RFC 9114,
// sections 4.2 and 4.3.1).
func malformedFields(fields []qlog.HeaderField) bool {
	schemed := len(fields) == 0 // the head was too large
	for _, f := range fields {
		switch {
		case f.Name == ":scheme":
			schemed = f.Value == "https" || f.Value == "http"
		case f.Name == "content-length" && f.Value == "":
			return true
		case f.Value != "" && (space(f.Value[0]) || space(f.Value[len(f.Value)-1])): // of Cookie and Trailer it is not shown
			return true
		}
	}
	return !schemed
}

// claim is called by the handler of a request before it reads the body.
func (f *quicFrames) claim(id quic.StreamID) *requestFrames {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.requests[id]
	if r != nil {
		f.unclaimed--
		return r
	}
	r = new(requestFrames)
	f.requests[id] = r
	return r
}

// fault notes that a request is malformed, and returns how many are unclaimed. mu
// is held.
func (f *quicFrames) fault(id quic.StreamID) int {
	if r := f.requests[id]; r != nil {
		r.malformed = true
		return f.unclaimed
	}
	f.requests[id] = &requestFrames{malformed: true}
	f.unclaimed++
	return f.unclaimed
}

// release follows claim when the handler is done.
func (f *quicFrames) release(id quic.StreamID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.requests, id)
}

// framedBody is a body that ends only where its last DATA frame does.
type framedBody struct {
	io.ReadCloser
	conn   *quicConn
	frames *requestFrames
	read   uint64
}

// Read implements [io.Reader].
func (b *framedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read += uint64(n) //nolint:gosec // never negative
	if err != io.EOF {
		return n, err
	}
	b.conn.frames.mu.Lock()
	frames := *b.frames
	b.conn.frames.mu.Unlock()
	if b.read != frames.data {
		b.conn.refuse(http3.ErrCodeFrameError) // RFC 9114, section 7.1
	}
	if b.read != frames.data || frames.malformed {
		return n, io.ErrUnexpectedEOF
	}
	return n, io.EOF
}
