package proxy

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"sterling/internal/headers"
)

// writer is the way back to the client. It counts what is written, keeps a
// deadline ahead of each write so that a client that takes nothing is cut,
// and hands an upgraded connection out inside a tunnel.
//
// It passes 1xx on without taking them for the answer, and has Unwrap, so
// [http.ResponseController] reaches what lies below.
type writer struct {
	http.ResponseWriter

	// writeMu is held during a write or flush, and guards what they change:
	// ReverseProxy flushes from a goroutine of a timer, too.
	writeMu sync.Mutex

	x        *exchange
	control  http.ResponseController
	idle     time.Duration // zero: no limit
	deadline time.Time     // the write deadline in force; zero: none
	status   int           // final status; 0 until written
	bytes    int64         // of the body
	failed   error         // the first write that failed
	hijacked bool
	closing  bool  // "Connection: close" goes out with the head
	proto1   bool  // HTTP/1.x
	length   int64 // of the body as announced; -1: not announced
}

func (w *writer) reset(rw http.ResponseWriter, x *exchange) {
	*w = writer{
		ResponseWriter: rw,
		x:              x,
		control:        *http.NewResponseController(rw),
		proto1:         x.in.ProtoMajor == 1,
	}
}

// Unwrap serves http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements [http.ResponseWriter].
func (w *writer) WriteHeader(status int) {
	if status < 200 && w.proto1 && w.x.in.ProtoMinor == 0 {
		return // HTTP/1.0 knows no informational answers (RFC 9110, section 15.2)
	}
	if status >= 200 || status == http.StatusSwitchingProtocols {
		if w.status != 0 {
			return
		}
		w.status = status
		w.length = announced(w.Header())
		if w.x.body != nil {
			w.x.body.converse()
		}
		if w.proto1 && (w.closing || w.x.door.draining() || w.early()) {
			w.Header().Set("Connection", "close")
		}
		w.x.door.tellOfHTTP3(w.Header())
		w.untyped()
	}
	if status < 200 && status != http.StatusSwitchingProtocols {
		headers.RemoveHopByHop(w.Header()) // ReverseProxy leaves them in these
	}
	if status < 200 || w.proto1 && !w.x.door.native { // others send the head with what follows
		w.extend()
		defer w.pause()
	}
	w.ResponseWriter.WriteHeader(status)
}

// untyped keeps the server from guessing a Content-Type that the backend did
// not give: text of one visitor's might become the page of another.
func (w *writer) untyped() {
	if h := w.Header(); h["Content-Type"] == nil {
		h["Content-Type"] = nil
	}
}

// early reports whether the answer comes before the request was read to its
// end: what follows on the connection is the rest of that one.
func (w *writer) early() bool { return w.x.body != nil && !w.x.body.whole.Load() }

// Write implements [io.Writer].
func (w *writer) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	w.writeMu.Lock()
	defer w.writeMu.Unlock()
	if !w.gathers(len(p)) {
		w.extend()
		defer w.pause()
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	if err != nil && w.failed == nil {
		w.failed = err
	}
	return n, err
}

// gathered is what a native engine keeps of an answer, to send it in one piece
// with its head; the time that takes is limited there.
const gathered = 2 << 10

// gathers reports whether n more bytes are not sent yet.
func (w *writer) gathers(n int) bool {
	return w.x.door.native && w.bytes+int64(n) <= gathered
}

// announced is the Content-Length, or -1.
func announced(h http.Header) int64 {
	if v := h["Content-Length"]; len(v) == 1 {
		if n, err := strconv.ParseInt(v[0], 10, 64); err == nil {
			return n
		}
	}
	return -1
}

// FlushError serves http.ResponseController. After the last byte there is
// nothing to do: the server sends it with the end of the answer, in one piece.
func (w *writer) FlushError() error {
	w.writeMu.Lock()
	defer w.writeMu.Unlock()
	if w.status != 0 && (w.bytes == w.length || !w.bodied()) {
		return nil
	}
	w.extend()
	defer w.pause()
	err := w.control.Flush()
	if err != nil && w.failed == nil && !errors.Is(err, http.ErrNotSupported) {
		w.failed = err
	}
	return err
}

// bodied reports whether the answer has a body, whatever its headers say (RFC
// 9110, section 6.4.1). Flushing one that has none would announce more to come.
func (w *writer) bodied() bool {
	return w.x.in.Method != http.MethodHead && w.status != http.StatusNoContent && w.status != http.StatusNotModified
}

// Hijack implements [http.Hijacker]. It is called only once the backend has
// agreed to an upgrade, and returns the tunnel: see upgrade.go.
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := w.control.Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.hijacked = true
	return w.x.openTunnel(conn, buffered)
}

// extend pushes the write deadline ahead. It is moved in steps of an eighth of
// the limit, because each move costs a timer operation. It stays behind for
// what the server still has to send when the handler has returned; liftDeadline
// takes it off, or the end of an HTTP/2 stream.
func (w *writer) extend() {
	if w.idle <= 0 || w.hijacked {
		return
	}
	now := time.Now()
	if w.deadline.Sub(now) > w.idle-w.idle/8 {
		return
	}
	w.deadline = now.Add(w.idle)
	// A writer that knows no deadlines goes without.
	_ = w.control.SetWriteDeadline(w.deadline)
}

// pause takes the deadline off an HTTP/2 stream between two writes: when it
// passes, the stream is reset, whether anything is being written or not.
func (w *writer) pause() {
	if !w.proto1 && !w.deadline.IsZero() {
		w.deadline = time.Time{}
		_ = w.control.SetWriteDeadline(w.deadline)
	}
}
