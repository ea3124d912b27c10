package http1

import (
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
)

// put adds to a body whose bytes go out as they are.
func (w *serverWriter) put(p []byte) {
	if t := w.t; len(t.out)+len(p) <= cap(t.out) {
		t.out = append(t.out, p...)
		return
	}
	w.send(p, nil)
}

// sizeRoom is kept for the size of a chunk that is being filled, below 64 KiB.
const sizeRoom = len("ffff\r\n")

// putChunk adds to a chunked body. Small pieces share a chunk.
func (w *serverWriter) putChunk(p []byte) {
	t := w.t
	if len(p) == 0 {
		return
	}
	if w.chunk < 0 && len(t.out)+sizeRoom+len(p)+len("\r\n") <= cap(t.out) {
		w.chunk = len(t.out)
		t.out = append(t.out, "ffff\r\n"...)
	}
	if w.chunk >= 0 && len(t.out)+len(p)+len("\r\n") <= cap(t.out) {
		t.out = append(t.out, p...)
		return
	}
	w.closeChunk()
	t.out = appendChunkSize(t.out, len(p))
	w.send(p, crlf)
}

var crlf = []byte("\r\n")

func appendChunkSize(b []byte, n int) []byte {
	return append(strconv.AppendInt(b, int64(n), 16), "\r\n"...)
}

// closeChunk ends the chunk that is being filled.
func (w *serverWriter) closeChunk() {
	if w.chunk < 0 {
		return
	}
	t := w.t
	data := t.out[w.chunk+sizeRoom:]
	out := appendChunkSize(t.out[:w.chunk], len(data))
	out = append(out, data...) // never beyond where it is now
	t.out = append(out, crlf...)
	w.chunk = -1
}

// flush sends what is in the buffer.
func (w *serverWriter) flush() {
	if len(w.t.out) > 0 {
		w.send(nil, nil)
	}
}

// send sends what is in the buffer with p and tail behind it.
func (w *serverWriter) send(p, tail []byte) {
	t := w.t
	if w.failed == nil {
		t.c.limits.handlersWrite()
		w.failed = w.sendPieces(p, tail)
		if w.failed != nil {
			t.ctx.end(errClientGone)
		}
	}
	t.out = t.out[:0]
}

func (w *serverWriter) sendPieces(p, tail []byte) error {
	t := w.t
	switch {
	case len(p) == 0:
		_, err := t.c.nc.Write(t.out)
		return err
	case len(t.out) == 0 && len(tail) == 0:
		_, err := t.c.nc.Write(p)
		return err
	case t.c.tls != nil:
		return w.sendRecords(p, tail)
	}
	w.vector = [3][]byte{t.out, p, tail}
	w.pieces = w.vector[:]
	_, err := w.pieces.WriteTo(t.c.nc)
	w.vector = [3][]byte{}
	return err
}

// recordSize is the most that a TLS record holds.
const recordSize = 16 << 10

// sendRecords keeps small pieces from becoming records of their own: the first
// record is filled, and what stands behind p goes with its end.
func (w *serverWriter) sendRecords(p, tail []byte) error {
	buffer, _ := w.t.c.s.copies.Get().(*[copySize]byte)
	if buffer == nil {
		buffer = new([copySize]byte)
	}
	defer w.t.c.s.copies.Put(buffer)
	b := append(buffer[:0], w.t.out...)
	n := min(len(p), max(0, recordSize-len(b)))
	b, p = append(b, p[:n]...), p[n:]
	if len(p) == 0 {
		_, err := w.t.c.nc.Write(append(b, tail...))
		return err
	}
	if _, err := w.t.c.nc.Write(b); err != nil {
		return err
	}
	whole := len(p) - len(p)%recordSize
	if whole > 0 {
		if _, err := w.t.c.nc.Write(p[:whole]); err != nil {
			return err
		}
	}
	b = append(append(buffer[:0], p[whole:]...), tail...)
	if len(b) == 0 {
		return nil
	}
	_, err := w.t.c.nc.Write(b)
	return err
}

// copySize is that of the pieces in which bodies are moved.
const copySize = 32 << 10

// ReadFrom implements [io.ReaderFrom]. From one TCP connection, or a file, to
// another the kernel moves the bytes itself.
func (w *serverWriter) ReadFrom(src io.Reader) (n int64, err error) {
	if spliced(src) && w.canSplice() {
		n, err = w.splice(src)
		if err != nil || w.length < 0 || w.written < w.length {
			return n, err
		}
	}
	buffer, _ := w.t.c.s.copies.Get().(*[copySize]byte)
	if buffer == nil {
		buffer = new([copySize]byte)
	}
	defer w.t.c.s.copies.Put(buffer)
	for {
		m, readErr := src.Read(buffer[:])
		if m > 0 {
			if _, err = w.Write(buffer[:m]); err != nil {
				return n, err
			}
			n += int64(m)
		}
		if ended(readErr) {
			return n, nil
		}
		if readErr != nil {
			return n, readErr
		}
	}
}

// spliced reports whether the kernel can take bytes from src to a socket.
func spliced(src io.Reader) bool {
	if l, ok := src.(*io.LimitedReader); ok {
		src = l.R
	}
	switch src.(type) {
	case *net.TCPConn, *net.UnixConn, *os.File:
		return true
	}
	return false
}

// canSplice reports whether the body is bytes as they are, on a plain socket.
func (w *serverWriter) canSplice() bool {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.hijacked || w.t.c.tls != nil || w.failed != nil || w.form != formSized && w.form != formToEnd {
		return false
	}
	_, ok := w.t.c.nc.(io.ReaderFrom)
	return ok
}

// splice moves as many bytes as there may be.
func (w *serverWriter) splice(src io.Reader) (int64, error) {
	w.flush()
	if w.failed != nil {
		return 0, w.failed
	}
	if left := w.length - w.written; w.form == formSized {
		if l, ok := src.(*io.LimitedReader); !ok || l.N > left {
			src = &io.LimitedReader{R: src, N: left}
		}
	}
	w.t.c.limits.handlersWrite()
	n, err := w.t.c.nc.(io.ReaderFrom).ReadFrom(src) //nolint:errcheck // canSplice has looked
	w.written += n
	return n, err
}
