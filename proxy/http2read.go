package proxy

import (
	"encoding/binary"
	"io"
	"slices"

	"golang.org/x/net/http2"
)

// maxReadFrame is the SETTINGS_MAX_FRAME_SIZE of the server, in bytes.
const maxReadFrame = 16 << 10

// http2Reader reads an HTTP/2 connection for the standard server, and puts
// right two things that it does in a way of its own:
//
//   - It hangs up on a SETTINGS frame that names one setting twice. Such a
//     frame is passed on with one value of each (see settle).
//   - It answers connection-specific header fields with 400, where RFC 9113,
//     section 8.2.2, makes the request malformed. To the header block of such
//     a request two more bytes are added that the server, too, knows to be
//     malformed: it resets the stream then, and the others go on.
//
// All else it passes on byte for byte, and what it cannot read above all: the
// server has to find the same error. It is for one caller at a time.
type http2Reader struct {
	from  io.Reader
	left  int    // bytes to pass on unseen
	frame []byte // a frame that has been looked at, or its header
	out   []byte // what the server has not had of it
	err   error  // what ended the connection

	fields fieldWatch
	open   uint32 // stream whose header block has not ended, or 0
	newest uint32 // highest stream that had a header block
}

func newHTTP2Reader(from io.Reader) *http2Reader {
	return &http2Reader{from: from, left: len(http2.ClientPreface)}
}

// Read implements [io.Reader].
func (r *http2Reader) Read(p []byte) (int, error) {
	for len(r.out) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		if r.left > 0 {
			n, err := r.from.Read(p[:min(len(p), r.left)])
			r.left -= n
			return n, err
		}
		r.next()
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

// next reads the header of a frame and, where it matters, the payload.
func (r *http2Reader) next() {
	r.frame = r.frame[:0]
	if !r.fill(frameHeader) {
		return
	}
	h := parseFrameHeader(r.frame)
	switch {
	case h.kind == http2.FrameSettings && mayRepeat(h):
		if r.fill(h.length) {
			payload := settle(r.frame[frameHeader:])
			r.frame = r.frame[:frameHeader+len(payload)]
			putLength(r.frame, len(payload))
		}
	case h.kind == http2.FrameHeaders || h.kind == http2.FrameContinuation:
		if r.fields.lost || !r.inOrder(h) {
			r.fields.lost = true
			r.left = h.length
		} else if r.fill(h.length) {
			r.watch(h)
		}
	default:
		r.left = h.length
	}
	r.out = r.frame
}

// fill reads n more bytes of a frame. What there is when it fails is passed on.
func (r *http2Reader) fill(n int) bool {
	have := len(r.frame)
	r.frame = slices.Grow(r.frame, n)[:have+n]
	n, err := io.ReadFull(r.from, r.frame[have:])
	r.frame = r.frame[:have+n]
	r.out, r.err = r.frame, err
	return err == nil
}

// inOrder reports whether h may come now, and the server will read it.
func (r *http2Reader) inOrder(h frameHead) bool {
	if h.length > maxReadFrame {
		return false
	}
	if h.kind == http2.FrameContinuation {
		return r.open != 0 && h.stream == r.open
	}
	return r.open == 0
}

// watch looks for forbidden fields in the frame of h, which has part of a
// header block, and marks the block at its end.
func (r *http2Reader) watch(h frameHead) {
	fragment, ok := blockFragment(h, r.frame[frameHeader:])
	if !ok {
		r.fields.lost = true
		return
	}
	r.fields.write(fragment)
	if h.flags&http2.FlagHeadersEndHeaders == 0 {
		r.open = h.stream
		return
	}
	r.open = 0
	if r.fields.end() {
		r.mark(h.stream)
	}
	r.newest = max(r.newest, h.stream)
}

// The marks are fields that no request may have, in their HPACK form.
var (
	// twoHosts is Host and Host again. The server takes note of the stream
	// before it counts them, so it knows the body of the request that follows.
	twoHosts = []byte{0xa6, 0xa6}
	// upperCase is the name "A". Trailers can have no Host.
	upperCase = []byte{0, 1, 'A', 0}
)

// mark makes the header block that ends with the frame end in another, which
// has a mark.
func (r *http2Reader) mark(stream uint32) {
	field := twoHosts
	if stream <= r.newest {
		field = upperCase
	}
	const end = http2.FlagContinuationEndHeaders // the same bit in both frames
	r.frame[4] &^= byte(end)
	r.frame = append(r.frame, 0, 0, byte(len(field)), byte(http2.FrameContinuation), byte(end))
	r.frame = binary.BigEndian.AppendUint32(r.frame, stream)
	r.frame = append(r.frame, field...)
}

// frameHead is the header of a frame (RFC 9113, section 4.1).
type frameHead struct {
	length int
	kind   http2.FrameType
	flags  http2.Flags
	stream uint32
}

func parseFrameHeader(b []byte) frameHead {
	return frameHead{
		length: int(b[0])<<16 | int(b[1])<<8 | int(b[2]),
		kind:   http2.FrameType(b[3]),
		flags:  http2.Flags(b[4]),
		stream: binary.BigEndian.Uint32(b[5:]) &^ (1 << 31),
	}
}

func putLength(frame []byte, n int) {
	frame[0], frame[1], frame[2] = byte(n>>16), byte(n>>8), byte(n)
}

// mayRepeat reports whether h is of a SETTINGS frame that the server would
// take, but for settings that are named twice.
func mayRepeat(h frameHead) bool {
	return h.flags&http2.FlagSettingsAck == 0 && h.stream == 0 &&
		h.length%settingSize == 0 && h.length > settingSize && h.length <= maxSettings*settingSize
}

// blockFragment returns the part of a header block in payload (RFC 9113,
// section 6.2).
func blockFragment(h frameHead, payload []byte) (fragment []byte, ok bool) {
	if h.kind == http2.FrameContinuation {
		return payload, true
	}
	start, padding := 0, 0
	if h.flags.Has(http2.FlagHeadersPadded) {
		if len(payload) == 0 {
			return nil, false
		}
		start, padding = 1, int(payload[0])
	}
	if h.flags.Has(http2.FlagHeadersPriority) {
		start += 5
	}
	if start+padding > len(payload) {
		return nil, false
	}
	return payload[start : len(payload)-padding], true
}
