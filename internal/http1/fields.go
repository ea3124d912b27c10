package http1

import (
	"bufio"
	"bytes"
	"errors"
	"net/http"
	"net/textproto"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// Bounds on the head of a message.
const (
	maxHead  = 64 << 10 // bytes
	maxLines = 256
)

var errTooLong = malformed("a head, a chunk's size or the trailers are too long")

// lineReader reads CRLF-terminated lines within a bound on their sum.
type lineReader struct {
	br   *bufio.Reader
	left int
}

// next returns a line without its CRLF. It is valid until the next read.
func (r *lineReader) next() ([]byte, error) {
	line, err := r.br.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = r.long(line)
	}
	if r.left -= len(line); r.left < 0 {
		return nil, errTooLong
	}
	if err != nil {
		return nil, err
	}
	if len(line) < 2 || line[len(line)-2] != '\r' {
		return nil, malformed("a line ends without CR")
	}
	line = line[:len(line)-2]
	if bytes.IndexByte(line, '\r') >= 0 {
		return nil, malformed("a bare CR")
	}
	return line, nil
}

// long reads on where a line is longer than the buffer.
func (r *lineReader) long(first []byte) ([]byte, error) {
	line := append([]byte(nil), first...)
	for len(line) <= r.left {
		if _, err := r.br.Peek(1); err != nil {
			return line, err
		}
		piece, _ := r.br.Peek(r.br.Buffered()) // it is there
		end := bytes.IndexByte(piece, '\n') + 1
		if end > 0 {
			piece = piece[:end]
		}
		line = append(line, piece...)
		_, _ = r.br.Discard(len(piece)) // as above
		if end > 0 {
			return line, nil
		}
	}
	return line, errTooLong
}

// fields reads field lines up to and with the empty line (RFC 9112, section 5).
func (r *lineReader) fields() (http.Header, error) {
	h := make(http.Header, 8)
	for n := 0; ; n++ {
		line, err := r.next()
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			return h, nil
		}
		if n == maxLines {
			return nil, malformed("more than %d header lines", maxLines)
		}
		name, value, err := field(line)
		if err != nil {
			return nil, err
		}
		h[name] = append(h[name], value)
	}
}

// field splits one line. Space before the colon and folded lines are refused
// (RFC 9112, sections 5.1 and 5.2).
func field(line []byte) (name, value string, err error) {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 {
		return "", "", malformed("a header line without a name or a colon")
	}
	if !httpguts.ValidHeaderFieldName(string(line[:colon])) {
		return "", "", malformed("a header name that is no token")
	}
	name = textproto.CanonicalMIMEHeaderKey(string(line[:colon]))
	value = strings.Trim(string(line[colon+1:]), " \t")
	if !httpguts.ValidHeaderFieldValue(value) {
		return "", "", malformed("a control byte in the value of %s", name)
	}
	return name, value, nil
}

// trailing reports whether a field may come after the body: one that says how
// to read, to route or to keep a message must not (RFC 9110, section 6.5.1).
func trailing(name string) bool {
	return httpguts.ValidHeaderFieldName(name) && httpguts.ValidTrailerHeader(name) &&
		!ours(name) && name != "Set-Cookie"
}
