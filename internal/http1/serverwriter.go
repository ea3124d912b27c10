package http1

import (
	"io"
	"net"
	"net/http"
	"time"
)

// form is how the end of an answer's body is told (RFC 9112, section 6.3).
type form int

const (
	formOpen    form = iota // not decided: what there is of it waits in the buffer
	formNone                // there is no body
	formSized               // Content-Length
	formChunked             //
	formToEnd               // of the connection
)

// serverWriter is the [http.ResponseWriter] of a request. Like that of net/http,
// it belongs to the handler's goroutine, but for the deadlines.
type serverWriter struct {
	t      *serverTurn
	header http.Header
	ask    serverAsk

	status  int // 0: not known yet
	form    form
	length  int64 // as the handler has announced it; -1: not
	written int64 // of the body, as the handler sees it
	lines   int   // formOpen: where the head's lines end in out, and a gap begins
	chunk   int   // where the chunk that is being filled begins in out; -1: none

	close    bool // the connection ends with this answer
	trailers []string
	hijacked bool
	failed   error // of the first write that failed

	vector [3][]byte
	pieces net.Buffers
}

func (w *serverWriter) reset() {
	w.header = emptied(w.header)
	w.ask.reset()
	w.status, w.form, w.length, w.written, w.lines = 0, formOpen, 0, 0, 0
	w.close, w.trailers, w.failed = false, nil, nil
}

// Header implements [http.ResponseWriter]. What is set after WriteHeader has no
// effect, but for trailers.
func (w *serverWriter) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter]. An informational status (but
// 101) is sent at once, and the final one may follow.
func (w *serverWriter) WriteHeader(status int) {
	switch {
	case w.hijacked || w.status != 0:
	case status < 100 || status > 999:
		panic("http1: WriteHeader with a status that is not of three digits")
	case status < 200 && status != http.StatusSwitchingProtocols:
		w.inform(status)
	default:
		if w.t.head.expects > 0 {
			w.ask.settle()
		}
		w.status = status
		w.begin()
	}
}

// Write implements [io.Writer].
func (w *serverWriter) Write(p []byte) (int, error) {
	if err := w.admit(len(p)); err != nil || w.form == formNone {
		return w.taken(len(p), err)
	}
	if w.form == formOpen {
		switch {
		case w.t.req.Method == http.MethodHead:
			return len(p), nil
		case w.fits(len(p)):
			w.t.out = append(w.t.out, p...)
			return len(p), nil
		}
		w.decide(false)
	}
	if w.form == formChunked {
		w.putChunk(p)
	} else {
		w.put(p)
	}
	return w.taken(len(p), w.failed)
}

// WriteString implements [io.StringWriter].
func (w *serverWriter) WriteString(s string) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.form != formOpen || !w.fits(len(s)) || w.t.req.Method == http.MethodHead {
		return w.Write([]byte(s))
	}
	if err := w.admit(len(s)); err != nil {
		return 0, err
	}
	w.t.out = append(w.t.out, s...)
	return len(s), nil
}

// taken is what Write returns.
func (*serverWriter) taken(n int, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	return n, nil
}

// admit asks whether n bytes may be written, and counts them.
func (w *serverWriter) admit(n int) error {
	if w.hijacked {
		return http.ErrHijacked
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	switch {
	case n == 0:
		return nil
	case !bodied(w.status):
		return http.ErrBodyNotAllowed
	case w.length >= 0 && w.written+int64(n) > w.length:
		return http.ErrContentLength
	}
	w.written += int64(n)
	return w.failed
}

// bodied reports whether an answer of that status may have a body.
func bodied(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// fits reports whether n bytes more can wait in the buffer, with what frames them.
func (w *serverWriter) fits(n int) bool { return len(w.t.out)+n+len(crlf) <= cap(w.t.out) }

// FlushError serves [http.ResponseController].
func (w *serverWriter) FlushError() error {
	if w.hijacked {
		return http.ErrHijacked
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	w.decide(false)
	w.closeChunk()
	w.flush()
	return w.failed
}

// Flush implements [http.Flusher].
func (w *serverWriter) Flush() { _ = w.FlushError() }

// EnableFullDuplex serves [http.ResponseController]: it always is.
func (w *serverWriter) EnableFullDuplex() error { return nil }

// SetReadDeadline serves [http.ResponseController]. It is for the body, and
// wakes who is reading it; any goroutine may call it until the handler returns.
func (w *serverWriter) SetReadDeadline(t time.Time) error {
	if w.hijacked {
		return http.ErrHijacked
	}
	w.t.c.limits.read(t, anytime)
	return nil
}

// SetWriteDeadline serves [http.ResponseController]. A deadline that is in
// force may stay where it comes earlier than t by up to an eighth of what is
// left. It ends with the answer.
func (w *serverWriter) SetWriteDeadline(t time.Time) error {
	if w.hijacked {
		return http.ErrHijacked
	}
	return w.t.c.limits.handlerWrite(t)
}

var (
	_ http.ResponseWriter = (*serverWriter)(nil)
	_ io.StringWriter     = (*serverWriter)(nil)
	_ io.ReaderFrom       = (*serverWriter)(nil)
)
