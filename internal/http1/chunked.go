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
)

// chunkedReader reads a chunked body (RFC 9112, section 7.1). It takes CRLF
// alone for a line's end, and ends with io.EOF only after the trailers.
type chunkedReader struct {
	lines   lineReader
	left    uint64 // of the chunk
	begun   bool   // a chunk's CRLF is due
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
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil && !isTimeout(err) {
		c.err = err
	}
	return n, err
}

func (c *chunkedReader) nextChunk() error {
	if c.begun {
		var end [2]byte
		if _, err := io.ReadFull(c.lines.br, end[:]); err != nil {
			return short(err)
		}
		if end != [2]byte{'\r', '\n'} {
			return malformed("a chunk is longer than its size")
		}
	}
	c.lines.left = maxChunkLine
	line, err := c.lines.next()
	if err != nil {
		return short(err)
	}
	if c.left, err = chunkSize(line); err != nil {
		return err
	}
	c.begun = true
	if c.left > 0 {
		return nil
	}
	c.lines.left = maxTrailer
	if c.trailer, err = c.lines.fields(); err != nil {
		return short(err)
	}
	return io.EOF
}

func short(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// chunkSize reads the hexadecimal size, and leaves the extensions alone.
func chunkSize(line []byte) (uint64, error) {
	digits := line
	if i := bytes.IndexByte(line, ';'); i >= 0 {
		digits = bytes.TrimRight(line[:i], " \t")
	}
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
