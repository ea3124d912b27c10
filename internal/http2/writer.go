package http2

import (
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// answerSize is how much of an answer is kept until it is known whether that is
// all of it, in bytes.
const answerSize = 4 << 10

var answerBuffers = sync.Pool{New: func() any { return new([answerSize]byte) }}

// writer is the ResponseWriter.
type writer struct {
	s      *stream
	header http.Header

	status   int   // of the answer; 0: not decided
	length   int64 // Content-Length; -1: none
	written  int64
	bodiless bool // the answer has no body, whatever is written
	unsized  bool // it gets no Content-Length but what the handler has set
	fields   []outField
	trailers []string // names that were announced

	headSent bool // guarded by conn.mu
	buf      *[answerSize]byte
	held     int // bytes in buf
}

var (
	_ http.Flusher    = (*writer)(nil)
	_ io.StringWriter = (*writer)(nil)
	_ io.ReaderFrom   = (*writer)(nil)
)

// reset makes w ready for another answer.
func (w *writer) reset() {
	clear(w.header)
	clear(w.fields)
	*w = writer{s: w.s, header: w.header, fields: w.fields[:0], trailers: w.trailers[:0]}
}

// Header implements [http.ResponseWriter].
func (w *writer) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter]. An informational answer is
// sent at once, but for 101, which HTTP/2 does not know (RFC 9113, section 8.6).
func (w *writer) WriteHeader(status int) {
	if status < 100 || status > 999 {
		panic("http2: invalid WriteHeader code " + strconv.Itoa(status))
	}
	switch {
	case w.status != 0, status == http.StatusSwitchingProtocols:
	case status < 200:
		w.early(status)
	default:
		w.decide(status)
	}
}

func (w *writer) early(status int) {
	from := len(w.fields)
	w.collect(true)
	early := w.fields[from:]
	// A client that is gone shows in the next write.
	_ = w.s.c.sendEarly(w.s, status, early)
	clear(early)
	w.fields = w.fields[:from]
}

// decide fixes the head: what the handler changes later does not count.
func (w *writer) decide(status int) {
	w.status, w.length = status, -1
	w.collect(false)
	w.bodiless = w.s.req.Method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified
}

// Write implements [io.Writer].
func (w *writer) Write(p []byte) (int, error) {
	if err := w.take(len(p)); err != nil {
		return 0, err
	}
	if w.bodiless {
		return len(p), nil
	}
	if w.held+len(p) <= answerSize {
		w.hold(p)
		return len(p), nil
	}
	n := 0
	if w.held > 0 {
		n = w.fill(p)
		if err := w.release(); err != nil {
			return 0, err
		}
	}
	rest := p[n:]
	if whole := w.whole(); !whole && len(rest) < answerSize {
		w.hold(rest)
		return len(p), nil
	} else if err := w.push(rest, whole); err != nil {
		return n, err
	}
	return len(p), nil
}

// WriteString implements [io.StringWriter].
func (w *writer) WriteString(s string) (int, error) {
	if err := w.take(len(s)); err != nil {
		return 0, err
	}
	if w.bodiless {
		return len(s), nil
	}
	for n := 0; ; {
		w.buffer()
		m := copy(w.buf[w.held:], s[n:])
		w.held += m
		if n += m; n == len(s) {
			return n, nil
		}
		if err := w.release(); err != nil {
			return n, err
		}
	}
}

// ReadFrom implements [io.ReaderFrom].
func (w *writer) ReadFrom(src io.Reader) (int64, error) {
	buf := largeChunks.Get().(*[largeChunk]byte) //nolint:errcheck // the pool holds nothing else
	defer largeChunks.Put(buf)
	return io.CopyBuffer(struct{ io.Writer }{w}, src, buf[:])
}

// take counts n bytes of the body, and reports whether they may be written.
func (w *writer) take(n int) error {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.bodiless && w.s.req.Method != http.MethodHead {
		return http.ErrBodyNotAllowed
	}
	if w.length >= 0 && w.written+int64(n) > w.length {
		return http.ErrContentLength
	}
	w.written += int64(n)
	return nil
}

// whole reports whether the body is complete, and nothing comes behind it.
func (w *writer) whole() bool { return w.written == w.length && len(w.trailers) == 0 }

// hold keeps p, which fits.
func (w *writer) hold(p []byte) {
	if len(p) > 0 {
		w.fill(p)
	}
}

// fill keeps what fits of p.
func (w *writer) fill(p []byte) int {
	w.buffer()
	n := copy(w.buf[w.held:], p)
	w.held += n
	return n
}

func (w *writer) buffer() {
	if w.buf == nil {
		w.buf = answerBuffers.Get().(*[answerSize]byte) //nolint:errcheck // the pool holds nothing else
	}
}

// release sends what is held.
func (w *writer) release() error {
	p := w.buf[:w.held]
	w.held = 0
	return w.push(p, false)
}

// push sends p.
func (w *writer) push(p []byte, end bool) error {
	c := w.s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.send(w, p, end)
}

// Flush implements [http.Flusher].
func (w *writer) Flush() { _ = w.FlushError() } // it cannot say

// FlushError sends what was written so far. It serves [http.ResponseController].
func (w *writer) FlushError() error {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	c := w.s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.s.localEnded {
		c.flush()
		return nil
	}
	end := w.bodiless || w.whole()
	var p []byte
	if w.buf != nil {
		p = w.buf[:w.held]
	}
	w.held = 0
	if err := c.send(w, p, end); err != nil {
		return err
	}
	c.flush()
	return nil
}

// end sends what is left of the answer when the handler has returned, with its
// head decided. It expects conn.mu to be held, and gives it up meanwhile.
func (w *writer) end() error {
	if w.buf != nil {
		defer func() {
			answerBuffers.Put(w.buf)
			w.buf = nil
		}()
	}
	if w.s.localEnded {
		return nil
	}
	if w.length > w.written && !w.bodiless {
		return http.ErrContentLength
	}
	var p []byte
	if w.held > 0 {
		p = w.buf[:w.held]
	}
	if !w.headSent {
		w.size()
	}
	if !w.bodiless && !w.whole() && w.hasTrailers() {
		if err := w.s.c.send(w, p, false); err != nil {
			return err
		}
		return w.s.c.sendTrailers(w)
	}
	return w.s.c.send(w, p, true)
}

// size adds a Content-Length to an answer of which all is there.
func (w *writer) size() {
	head := w.s.req.Method == http.MethodHead
	allowed := head || !w.bodiless
	if w.length >= 0 || w.unsized || !allowed || head && w.written == 0 {
		return
	}
	w.fields = append(w.fields, lengthField(strconv.FormatInt(w.written, 10)))
}

// SetReadDeadline serves [http.ResponseController]. It is for reads of the
// body, one that is under way included; a deadline that is lifted or moved
// lets reads go on.
func (w *writer) SetReadDeadline(t time.Time) error {
	if b := w.s.body; b != nil {
		b.setDeadline(t)
	}
	return nil
}

// SetWriteDeadline serves [http.ResponseController]. A write that waits when
// the deadline passes fails with [os.ErrDeadlineExceeded], and the stream is
// reset; if none waits then, nothing happens.
func (w *writer) SetWriteDeadline(t time.Time) error {
	c := w.s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	w.s.writeDeadline = t
	if w.s.queued || w.s.waiting {
		w.s.signal()
	}
	return nil
}

// EnableFullDuplex serves [http.ResponseController]: it is always so.
func (w *writer) EnableFullDuplex() error { return nil }
