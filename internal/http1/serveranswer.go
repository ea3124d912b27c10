package http1

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// gap is kept behind the head's lines for what says how long the body is, when
// that is not known yet, and for the first chunk's size.
const gap = 64

// begin writes the head into the buffer, whole if the body's form is known.
func (w *serverWriter) begin() {
	w.chunk, w.length = -1, -1
	out := appendStatus(w.t.out[:0], w.t.head.minor, w.status)
	out, said := w.appendFields(out)
	if _, ok := w.header["Date"]; !ok {
		out = w.t.c.s.date.append(out, time.Now())
	}
	w.close = w.mustClose()
	if w.close && !said && w.status != http.StatusSwitchingProtocols {
		out = append(out, "Connection: close\r\n"...)
	}
	w.t.out = out
	w.lines = len(out)
	switch head := w.t.req.Method == http.MethodHead; {
	case !bodied(w.status):
		w.form = formNone
	case w.length >= 0 && head:
		w.form = formNone
	case w.length >= 0:
		w.form = formSized
	case head:
		return // what is written may tell the length
	default:
		w.t.out = append(out, make([]byte, gap)...)
		return
	}
	w.t.out = w.frame(out)
}

// appendFields appends the handler's headers, but for what frames the body. It
// reports whether Connection is among them.
func (w *serverWriter) appendFields(out []byte) (_ []byte, connection bool) {
	for name, values := range w.header {
		switch name {
		case "Content-Length":
			if n, ok := handlerLength(values); ok && w.status >= 200 && w.status != http.StatusNoContent {
				w.length = n
			}
			continue
		case "Transfer-Encoding":
			continue
		case "Connection":
			w.close = w.close || hasToken(values, "close")
			if connection = w.saysConnection(values); !connection {
				continue
			}
		case "Trailer":
			w.announce(values)
		}
		if strings.HasPrefix(name, http.TrailerPrefix) {
			continue
		}
		for _, v := range values {
			out = appendLine(out, name, v)
		}
	}
	return out, connection
}

// saysConnection reports whether the handler's own Connection goes out: not
// where it says nothing that the server does not say itself, or other things.
func (w *serverWriter) saysConnection(values []string) bool {
	if w.status == http.StatusSwitchingProtocols || w.close {
		return true
	}
	return !w.mustClose() && !(len(values) == 1 && strings.EqualFold(values[0], "keep-alive"))
}

// mustClose reports whether this answer is the last of the connection.
func (w *serverWriter) mustClose() bool {
	t := w.t
	return w.close || w.status == http.StatusSwitchingProtocols || !t.head.lasts() ||
		t.body != nil && t.body.hopeless() || t.c.s.ends()
}

// handlerLength reads a Content-Length of the handler's.
func handlerLength(values []string) (int64, bool) {
	if len(values) == 0 {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.Trim(values[0], " \t"), 10, 64)
	return n, err == nil && n >= 0
}

// decide chooses the form of a body that is still open. done: it is all there.
func (w *serverWriter) decide(done bool) {
	if w.form != formOpen {
		return
	}
	t := w.t
	if t.req.Method == http.MethodHead {
		if w.form = formNone; done && w.written > 0 {
			w.length = w.written
		}
		t.out = w.frame(t.out[:w.lines])
		return
	}
	body := t.out[w.lines+gap:]
	switch {
	case done && len(w.trailers) == 0 && !w.lateTrailers():
		w.form, w.length = formSized, int64(len(body))
	case t.head.minor > 0:
		w.form = formChunked
	default:
		w.form, w.close = formToEnd, true
	}
	out := w.frame(t.out[:w.lines])
	if w.form == formChunked && len(body) > 0 {
		out = appendChunkSize(out, len(body))
		out = append(out, body...) // never beyond where it is now
		out = append(out, "\r\n"...)
	} else {
		out = append(out, body...) // as above
	}
	t.out = out
}

// frame ends the head.
func (w *serverWriter) frame(out []byte) []byte {
	switch {
	case w.form == formChunked:
		out = append(out, "Transfer-Encoding: chunked\r\n"...)
	case w.length >= 0:
		out = append(out, "Content-Length: "...)
		out = strconv.AppendInt(out, w.length, 10)
		out = append(out, "\r\n"...)
	}
	if w.t.head.minor == 0 && !w.close {
		out = append(out, "Connection: keep-alive\r\n"...)
	}
	return append(out, "\r\n"...)
}

// inform sends an informational answer, unless the client cannot know any.
func (w *serverWriter) inform(status int) {
	if w.t.head.minor == 0 {
		return
	}
	b := appendStatus(make([]byte, 0, 512), 1, status)
	for name, values := range w.header {
		if name == "Content-Length" || name == "Transfer-Encoding" || strings.HasPrefix(name, http.TrailerPrefix) {
			continue
		}
		for _, v := range values {
			b = appendLine(b, name, v)
		}
	}
	w.ask.inform(w.t.c, status, append(b, "\r\n"...))
}

// appendStatus appends the status line.
func appendStatus(b []byte, minor, status int) []byte {
	if minor > 0 && status == http.StatusOK {
		return append(b, "HTTP/1.1 200 OK\r\n"...)
	}
	b = append(b, "HTTP/1."...)
	b = append(b, byte('0'+minor), ' ')
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, ' ')
	if text := http.StatusText(status); text != "" {
		b = append(b, text...)
	} else {
		b = append(append(b, "status code "...), strconv.Itoa(status)...)
	}
	return append(b, "\r\n"...)
}

// appendLine appends a header line. A name that is no token is left out; what
// could end the line becomes a space.
func appendLine(b []byte, name, value string) []byte {
	if name == "" {
		return b
	}
	for i := range len(name) {
		if byteClass[name[i]]&tokenByte == 0 {
			return b
		}
	}
	b = append(b, name...)
	b = append(b, ": "...)
	if n := len(value); n > 0 && (value[0] <= ' ' || value[n-1] <= ' ') {
		value = strings.Trim(value, " \t\r\n")
	}
	at := len(b)
	b = append(b, value...)
	if controls(b[at:]) {
		for i := at; i < len(b); i++ {
			if c := b[i]; c == '\r' || c == '\n' || c == 0 {
				b[i] = ' '
			}
		}
	}
	return append(b, "\r\n"...)
}
