package http1

import (
	"bytes"
	"io"
	"sync"
)

// pieceSize is that of the pieces in which long bodies are moved. Twice as much
// saves a tenth of the time that it takes, and costs every slow client as much
// memory again.
const pieceSize = 64 << 10

var pieces = sync.Pool{New: func() any { return new([pieceSize]byte) }}

// WriteTo implements [io.WriterTo]. Each piece is written as it comes. An error
// of w is returned as it is; every other is an *[Error].
func (b *body) WriteTo(w io.Writer) (total int64, err error) {
	for b.err == nil && !b.done {
		var n int64
		if b.chunked == nil && (b.x.c.br.Buffered() > 0 || b.bounded && b.left < readerSize) {
			n, err = b.writeBuffered(w)
		} else {
			n, err = b.writePieces(w)
		}
		if total += n; err != nil {
			return total, err
		}
	}
	return total, b.err
}

// writeBuffered writes what is in the buffer, after filling it if need be.
func (b *body) writeBuffered(w io.Writer) (int64, error) {
	br := b.x.c.br
	if _, err := br.Peek(1); err != nil {
		_, err = b.took(0, err)
		return 0, b.unlessEnded(err)
	}
	p, _ := br.Peek(br.Buffered()) // it is there
	if b.bounded && int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := w.Write(p)
	_, _ = br.Discard(len(p)) // as above
	if b.left -= int64(len(p)); b.bounded && b.left == 0 {
		b.finish()
	}
	return int64(n), err
}

// writePieces reads past the buffer until a read would wait, or the piece is
// full, and writes what it has.
func (b *body) writePieces(w io.Writer) (int64, error) {
	piece, _ := pieces.Get().(*[pieceSize]byte)
	defer pieces.Put(piece)
	have := 0
	for {
		n, err := b.Read(piece[have:])
		have += n
		if err == nil && have < len(piece) && b.chunked != nil && b.chunked.ready() {
			continue
		}
		if have == 0 {
			return 0, b.unlessEnded(err)
		}
		m, writeErr := w.Write(piece[:have])
		if writeErr != nil {
			return int64(m), writeErr
		}
		return int64(m), b.unlessEnded(err)
	}
}

func (b *body) unlessEnded(err error) error {
	if ended(err) {
		return nil
	}
	return err
}

// ready reports whether a Read would not wait: small chunks that came together
// go on together.
func (c *chunkedReader) ready() bool {
	in, _ := c.lines.br.Peek(c.lines.br.Buffered()) // it is there
	if c.left > 0 {
		return len(in) > 0
	}
	if c.begun {
		if len(in) < len(crlf) {
			return false
		}
		in = in[len(crlf):]
	}
	line, rest, whole := bytes.Cut(in, crlf[1:])
	if !whole || len(rest) == 0 {
		return false
	}
	if len(line) > 0 && line[0] == '0' { // the last one, most likely: its trailers must be there, too
		return bytes.HasPrefix(rest, crlf) || bytes.Contains(rest, emptyLine)
	}
	return true
}

var emptyLine = []byte("\r\n\r\n")
