package http1

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
)

// Bounds on chunked framing.
const (
	maxChunkLine = 4 << 10 // a chunk's size with its extensions
	maxTrailer   = 16 << 10
	maxExcess    = 16 << 10 // framing beyond what chunks of a decent size need
)

// chunkedReader reads a chunked body (RFC 9112, section 7.1). It takes CRLF
// alone for a line's end, and ends with io.EOF only after the trailers.
type chunkedReader struct {
	lines   lineReader
	left    uint64 // of the chunk
	begun   bool   // a chunk's CRLF is due
	excess  int64  // bytes of framing that the chunks so far do not account for
	trailer http.Header
	err     error
}

func (c *chunkedReader) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if c.left == 0 {
		if c.err = c.nextChunk(); c.err != nil {
			return 0, c.err
		}
	}
	if uint64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.lines.br.Read(p)
	c.left -= uint64(n)
	if ended(err) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil && !isTimeout(err) {
		c.err = err
	}
	return n, err
}

func (c *chunkedReader) nextChunk() error {
	if c.begun {
		if err := c.chunkEnd(); err != nil {
			return err
		}
	}
	c.begun = true
	c.lines.left = maxChunkLine
	line, err := c.lines.next()
	if err != nil {
		return short(err)
	}
	if c.left, err = chunkSize(line); err != nil {
		return err
	}
	if c.left > 0 {
		return c.account(len(line))
	}
	c.lines.left = maxTrailer
	if c.trailer, err = c.lines.fields(); err != nil {
		return short(err)
	}
	return io.EOF
}

func (c *chunkedReader) chunkEnd() error {
	end, err := c.lines.br.Peek(2)
	switch {
	case len(end) > 0 && end[0] != '\r', len(end) > 1 && end[1] != '\n':
		return malformed("a chunk is longer than its size")
	case err != nil:
		return short(err)
	}
	_, err = c.lines.br.Discard(2)
	return err
}

// account refuses a body that is little more than framing: each chunk may have
// 16 bytes, and as many again as it has bytes.
func (c *chunkedReader) account(line int) error {
	c.excess = max(0, c.excess+int64(line)-16-int64(min(c.left, 1<<20)))
	if c.excess > maxExcess {
		return malformed("more framing than body")
	}
	return nil
}

// short makes an end that comes too early an error.
func short(err error) error {
	if ended(err) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// chunkSize reads the hexadecimal size, and leaves the extensions alone. Some
// servers pad it with spaces.
func chunkSize(line []byte) (uint64, error) {
	digits, _, _ := bytes.Cut(line, []byte{';'})
	digits = bytes.TrimRight(digits, " \t")
	if len(digits) == 0 || len(digits) > 15 {
		return 0, malformed("a chunk size of %d digits", len(digits))
	}
	for _, d := range digits {
		if !(d >= '0' && d <= '9' || d|0x20 >= 'a' && d|0x20 <= 'f') {
			return 0, malformed("a chunk size that is no number")
		}
	}
	n, err := strconv.ParseUint(string(digits), 16, 63)
	if err != nil {
		return 0, malformed("a chunk size that is no number")
	}
	return n, nil
}
