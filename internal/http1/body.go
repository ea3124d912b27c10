package http1

import (
	"io"
	"net/http"
	"time"
)

// body is an answer's body.
type body struct {
	x       *exchange
	res     *http.Response
	src     io.Reader
	chunked *chunkedReader // src, if it is one
	left    int64          // where bounded
	bounded bool
	keep    bool // the connection may be used again after it
	done    bool
	err     error
}

// Read implements [io.Reader]. A body that ends early is an error, never io.EOF.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.done {
		return 0, io.EOF
	}
	if b.bounded && int64(len(p)) > b.left {
		p = p[:b.left]
	}
	return b.took(b.src.Read(p))
}

// took judges a read.
func (b *body) took(n int, err error) (int, error) {
	b.left -= int64(n)
	switch {
	case b.bounded && b.left == 0:
		b.finish()
		return n, io.EOF
	case ended(err) && !b.bounded:
		b.trailers()
		b.finish()
		return n, io.EOF
	case err != nil:
		b.done = true
		b.err = b.x.fail(PhaseBody, err)
		return n, b.err
	}
	return n, nil
}

// Waits reports whether a Read would have to wait for the server: nothing of
// the body has come with what was read so far.
func (b *body) Waits() bool { return !b.done && b.x.c.br.Buffered() == 0 }

func (b *body) trailers() {
	if b.chunked == nil {
		return
	}
	for name, values := range b.chunked.trailer {
		if !trailing(name) {
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
	b.done = true
	x, c := b.x, b.x.c
	if x.Ended = x.Answered; !c.body.set.IsZero() { // it came after its head
		x.Ended = time.Now()
	}
	whole := !x.early && (x.upload == nil || x.upload.settled())
	if x.stop() && whole && b.keep && c.drained() && c.rest() {
		return
	}
	_ = c.Close() // the answer is whole
	x.join()
}

// Close implements [io.Closer]. An answer that was not read to its end costs
// the connection. To end a Read from another goroutine, see
// [ClientConn.Abort].
func (b *body) Close() error {
	if b.done {
		return nil
	}
	b.done = true
	b.err = http.ErrBodyReadAfterClose
	b.x.stop()
	err := b.x.c.Close()
	b.x.join()
	return err
}
