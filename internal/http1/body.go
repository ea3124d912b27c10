package http1

import (
	"io"
	"net/http"
	"time"
)

var noDeadline time.Time

// body is an answer's body.
type body struct {
	x       *exchange
	res     *http.Response
	src     io.Reader
	left    int64 // where bounded
	bounded bool
	keep    bool // the connection may be used again after it
	done    bool
	err     error
	pushed  time.Time // the read deadline in force
}

// Read implements [io.Reader]. A body that ends early is an error, never io.EOF.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.done {
		return 0, io.EOF
	}
	b.extend()
	if b.bounded && int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.src.Read(p)
	b.left -= int64(n)
	switch {
	case b.bounded && b.left == 0:
		b.finish()
		return n, nil
	case err == io.EOF && b.bounded:
		err = io.ErrUnexpectedEOF
	case err == io.EOF:
		b.trailers()
		b.finish()
		return n, io.EOF
	}
	if err != nil {
		b.x.stop()
		b.err = b.x.fail(PhaseBody, err)
		b.done = true
		err = b.err
	}
	return n, err
}

// extend pushes the read deadline ahead in steps.
func (b *body) extend() {
	idle := b.x.BodyIdle
	if idle <= 0 {
		if b.pushed.IsZero() {
			b.x.c.setReadDeadline(noDeadline)
			b.pushed = time.Now()
		}
		return
	}
	now := time.Now()
	if b.pushed.Sub(now) < idle-idle/8 {
		b.pushed = now.Add(idle)
		b.x.c.setReadDeadline(b.pushed)
	}
}

func (b *body) trailers() {
	c, ok := b.src.(*chunkedReader)
	if !ok {
		return
	}
	for name, values := range c.trailer {
		if ours(name) || name == "Content-Type" || name == "Content-Encoding" || name == "Set-Cookie" || name == "Authorization" {
			continue
		}
		if b.res.Trailer == nil {
			b.res.Trailer = make(http.Header)
		}
		b.res.Trailer[name] = values
	}
}

// finish is called when the whole answer was read.
func (b *body) finish() {
	if b.done {
		return
	}
	b.done = true
	x, c := b.x, b.x.c
	whole := x.upload == nil || x.upload.complete()
	x.stop()
	if x.Body != nil && x.upload == nil {
		whole = false // answered before the body was asked for
	}
	c.reusable = b.keep && whole && c.br.Buffered() == 0 && c.aborted() == nil
	if c.reusable {
		_ = c.nc.SetDeadline(noDeadline)
		return
	}
	_ = c.Close()
}

// Close implements [io.Closer]. An answer that was not read to its end costs
// the connection.
func (b *body) Close() error {
	if b.done {
		return nil
	}
	b.done = true
	b.err = http.ErrBodyReadAfterClose
	b.x.stop()
	return b.x.c.Close()
}
