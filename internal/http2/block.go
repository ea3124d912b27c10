package http2

import (
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// maxContinuations is how many frames a header block may have after the first.
const maxContinuations = 16

// maxBlock is how large a header block may be, in bytes as they come. A larger
// one ends the connection; up to this, the compression is kept right.
func maxBlock(maxHead int) int { return max(64<<10, 2*maxHead) }

// block is the header block that is being read. It is the reader's.
type block struct {
	c      *conn
	stream uint32 // 0: there is none
	ends   bool   // the stream ends with it
	loops  bool   // the stream depends on itself
	frames int
	whole  *[]byte // the frames' pieces; nil: there was only one

	to       *stream // the request that the fields make
	trailers bool    // the fields are trailers, for the body of to, or for nobody

	size, lines int
	tooLarge    bool
	fault       string // "": there is none yet
	fields      requestFields
}

var blockBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 2*maxFrame); return &b }}

func (b *block) release() {
	if b.whole != nil {
		*b.whole = (*b.whole)[:0]
		blockBuffers.Put(b.whole)
		b.whole = nil
	}
}

// onHeaders follows RFC 9113, section 6.2.
func (c *conn) onHeaders(h frameHead, payload []byte) error {
	if h.stream%2 == 0 {
		return protocolError("HEADERS on a stream that no client may open")
	}
	fragment, dependsOn, err := headerFragment(h, payload)
	if err != nil {
		return err
	}
	b := &c.block
	b.stream, b.frames = h.stream, 0
	b.ends = h.has(http2.FlagHeadersEndStream)
	b.loops = dependsOn == h.stream
	if h.has(http2.FlagHeadersEndHeaders) {
		c.headedAt = time.Time{}
		return c.wholeBlock(fragment)
	}
	b.whole = blockBuffers.Get().(*[]byte) //nolint:errcheck // the pool holds nothing else
	*b.whole = append(*b.whole, fragment...)
	if c.headedAt.IsZero() {
		c.headedAt = time.Now()
	}
	return nil
}

// headerFragment takes padding and priority off.
func headerFragment(h frameHead, p []byte) (fragment []byte, dependsOn uint32, err error) {
	padding := 0
	if h.has(http2.FlagHeadersPadded) {
		if len(p) == 0 {
			return nil, 0, sizeError("padded HEADERS of no size")
		}
		padding, p = int(p[0]), p[1:]
	}
	if h.has(http2.FlagHeadersPriority) {
		if len(p) < prioritySize {
			return nil, 0, sizeError("HEADERS with half a priority")
		}
		dependsOn, p = dependency(p), p[prioritySize:]
	}
	if padding > len(p) {
		return nil, 0, protocolError("more padding than payload")
	}
	return p[:len(p)-padding], dependsOn, nil
}

// onContinuation follows RFC 9113, section 6.10.
func (c *conn) onContinuation(h frameHead, payload []byte) error {
	b := &c.block
	if b.stream == 0 {
		return protocolError("CONTINUATION of nothing")
	}
	if b.frames++; b.frames > maxContinuations || len(*b.whole)+len(payload) > maxBlock(c.server.o.MaxHead) {
		return calm("a header block without an end")
	}
	*b.whole = append(*b.whole, payload...)
	if !h.has(http2.FlagContinuationEndHeaders) {
		return nil
	}
	c.headedAt = time.Time{}
	err := c.wholeBlock(*b.whole)
	b.release()
	return err
}

// wholeBlock decodes a header block, which has to be done whatever becomes of
// the stream, and starts the request or ends the body.
func (c *conn) wholeBlock(encoded []byte) error {
	b := &c.block
	id := b.stream
	b.stream = 0
	s, open := c.target(id)
	b.begin(s, id <= c.last)
	c.decoder.SetEmitEnabled(s != nil)
	_, err := c.decoder.Write(encoded)
	if err == nil {
		err = c.decoder.Close()
	}
	if err != nil {
		return &connError{http2.ErrCodeCompression, err.Error()}
	}
	if id > c.last {
		return c.open(s)
	}
	return c.endTrailers(id, s, open)
}

// target returns the stream that the block of stream id is for; nil: for none.
// open says that it is one that was opened before.
func (c *conn) target(id uint32) (s *stream, open bool) {
	if id > c.last {
		return c.newStream(id), false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s = c.streams[id]
	if s == nil || s.remoteEnded {
		return nil, s != nil
	}
	return s, true
}

func (b *block) begin(s *stream, trailers bool) {
	b.to, b.trailers = s, trailers
	b.size, b.lines, b.tooLarge, b.fault = 0, 0, false, ""
	b.fields.reset()
}

// field takes in a field. From the first fault on, nobody needs the rest.
func (b *block) field(f hpack.HeaderField) {
	b.size += int(f.Size())
	b.lines++
	o := &b.c.server.o
	switch {
	case b.size > o.MaxHead || b.lines > o.MaxLines:
		b.tooLarge = true
	case !validValue(f.Value):
		b.fault = "a value with a byte that it must not have, or space around it"
	case b.trailers:
		b.fault = b.trailer(f)
	case f.IsPseudo():
		b.fault = b.fields.pseudo(f)
	default:
		b.fault = b.regular(f)
	}
	if b.tooLarge || b.fault != "" {
		b.c.decoder.SetEmitEnabled(false)
	}
}
