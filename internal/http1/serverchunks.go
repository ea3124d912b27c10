package http1

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// serverChunks reads a chunked body (RFC 9112, section 7.1) out of the buffer,
// and delivers those trailers that were announced. Nothing but CR LF ends a
// line, and no space stands around a size.
type serverChunks struct {
	b      *serverBody
	begun  bool  // the CR LF behind a chunk's data is due
	excess int64 // bytes of framing that the chunks so far do not account for
}

// read fills p as far as it can without waiting twice.
func (k *serverChunks) read(p []byte) (n int, err error) {
	for n < len(p) {
		if k.b.left == 0 {
			if n > 0 && !k.lineWaits() {
				return n, nil
			}
			if err = k.next(); err != nil {
				return n, err
			}
		}
		piece := p[n:]
		if int64(len(piece)) > k.b.left {
			piece = piece[:k.b.left]
		}
		if n > 0 && k.b.t.r == k.b.t.w {
			return n, nil
		}
		m, err := k.b.raw(piece)
		k.b.left -= int64(m)
		if n += m; err != nil {
			return n, err
		}
	}
	return n, nil
}

// lineWaits reports whether the next chunk's first line is in the buffer; where
// it is the last one's, with the empty line behind it.
func (k *serverChunks) lineWaits() bool {
	in := k.b.t.buffered()
	if k.begun {
		in = in[min(2, len(in)):]
	}
	i := bytes.IndexByte(in, '\n')
	return i > 0 && (in[0] != '0' || bytes.HasPrefix(in[i-1:], []byte("\r\n\r\n")))
}

// next reads up to a chunk's data, or to the end of the trailers.
func (k *serverChunks) next() error {
	// What was read of it stays until all of it is there: a deadline may pass
	// in between, and reading go on.
	line, n, err := k.line(0)
	if err != nil {
		return err
	}
	if k.begun {
		if len(line) > 0 {
			return malformedBody("a chunk that is longer than its size")
		}
		k.b.t.r += n
		k.begun = false
		if line, n, err = k.line(0); err != nil {
			return err
		}
	}
	size, err := sizeOfChunk(line)
	if err != nil {
		return err
	}
	if size == 0 {
		return k.end(n)
	}
	if k.excess = max(0, k.excess+int64(n)-16-min(size, 1<<20)); k.excess > maxExcess {
		return malformedBody("more framing than body")
	}
	k.b.t.r += n
	k.b.left, k.begun = size, true
	return nil
}

// line returns the line that begins at from in the buffer, without its CR LF,
// and where the next one begins.
func (k *serverChunks) line(from int) (line []byte, end int, err error) {
	for at := from; ; {
		in := k.b.t.buffered()
		if k.begun && from == 0 && len(in) > 0 && (in[0] != '\r' || len(in) > 1 && in[1] != '\n') {
			return nil, 0, malformedBody("a chunk that is longer than its size")
		}
		if i := bytes.IndexByte(in[at:], '\n'); i >= 0 {
			line = in[from : at+i]
			switch {
			case len(line) == 0 || line[len(line)-1] != '\r':
				return nil, 0, malformedBody("a line that does not end in CR LF")
			case len(line) > maxChunkLine:
				return nil, 0, malformedBody("a line that is too long")
			}
			return line[:len(line)-1], at + i + 1, nil
		}
		if at = len(in); at-from > maxChunkLine {
			return nil, 0, malformedBody("a line that is too long")
		}
		if err = k.b.more(); err != nil {
			return nil, 0, err
		}
	}
}

// end reads the trailers, which begin at from.
func (k *serverChunks) end(from int) error {
	t := k.b.t
	h := serverHead{fields: t.head.fields[:0], line: from, lines: 1}
	for {
		line, end, err := k.line(h.line)
		switch {
		case err != nil:
			return err
		case len(line) == 0:
			k.trailers(&h)
			t.r += end
			return io.EOF
		case end-from > maxTrailer || h.lines > maxLines:
			return malformedBody("trailers that are too long")
		}
		if f := h.field(line); f != nil {
			return malformedBody(f.text)
		}
		h.lines++
		h.line = end
	}
}

// trailers fills in what was announced.
func (k *serverChunks) trailers(h *serverHead) {
	for _, f := range h.fields {
		in := k.b.t.buffered()
		name := string(f.name.of(in))
		if f.known != nil {
			name = f.known.name
		}
		if values, ok := k.b.req.Trailer[name]; ok && trailing(name) {
			k.b.req.Trailer[name] = append(values, strings.Clone(string(f.value.of(in))))
		}
	}
}

func malformedBody(text string) error { return fmt.Errorf("%w: %s", errBody, text) }

// sizeOfChunk reads the hexadecimal size, and leaves its extensions alone.
func sizeOfChunk(line []byte) (int64, error) {
	digits, _, _ := bytes.Cut(line, []byte{';'})
	if len(digits) == 0 || len(digits) > 15 {
		return 0, malformedBody("a chunk's size that is missing or too long")
	}
	var n int64
	for _, d := range digits {
		switch l := d | 0x20; {
		case isDigit(d):
			n = n<<4 | int64(d-'0')
		case l >= 'a' && l <= 'f':
			n = n<<4 | int64(l-'a'+10)
		default:
			return 0, malformedBody("a chunk's size that is no number")
		}
	}
	if controls(line) {
		return 0, malformedBody("a control byte in a chunk's extension")
	}
	return n, nil
}
