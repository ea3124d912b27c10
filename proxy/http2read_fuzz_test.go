package proxy

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"
	"testing/iotest"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// FuzzHTTP2Read compares what an http2Reader passes on with what a slower one
// does, that has the whole connection before it and decodes it with hpack.
func FuzzHTTP2Read(f *testing.F) {
	mixed, _ := mixedConnection()
	for _, b := range [][]byte{goodConnection(), mixed} {
		f.Add(b[len(http2.ClientPreface):])
	}
	c := newClientBytes()
	start := c.Len()
	c.headers(1, literalField(0x40, "te", "trailers", huffman), true)
	c.headers(3, []byte{0xbe, 0x7e, 1, 'x', 0x20, 0x3f, 0xe1, 0x1f, 0x80 | 57}, true)
	f.Add(bytes.Clone(c.Bytes()[start:]))
	f.Fuzz(func(t *testing.T, frames []byte) {
		in := append([]byte(http2.ClientPreface), frames...)
		want, known := expected(in)
		got, err := io.ReadAll(newHTTP2Reader(bytes.NewReader(in)))
		if err != nil && err != io.ErrUnexpectedEOF { //nolint:errorlint // it is to be this one
			t.Fatal(err)
		}
		if len(got) < len(want) || !bytes.Equal(got[:len(want)], want) || known && len(got) != len(want) {
			t.Fatalf("%x: read %x, want %x", in, got, want)
		}
		slow, _ := io.ReadAll(newHTTP2Reader(iotest.OneByteReader(bytes.NewReader(in))))
		if !bytes.Equal(slow, got) {
			t.Fatalf("%x: read %x byte by byte, and %x at once", in, slow, got)
		}
	})
}

// expectation is the slower reader.
type expectation struct {
	out     []byte
	decoder *hpack.Decoder
	block   []byte
	open    uint32
	newest  uint32
}

// expected returns what is to come of in. After an error that ends the
// connection it may be anything; known is false then.
func expected(in []byte) (out []byte, known bool) {
	e := &expectation{decoder: hpack.NewDecoder(headerTable, nil)}
	e.out = append(e.out, in[:len(http2.ClientPreface)]...)
	in = in[len(http2.ClientPreface):]
	for len(in) >= frameHeader {
		h := parseFrameHeader(in)
		if len(in) < frameHeader+h.length {
			break
		}
		if !e.frame(h, in[:frameHeader+h.length]) {
			return e.out, false
		}
		in = in[frameHeader+h.length:]
	}
	return append(e.out, in...), true
}

// frame adds what comes of one frame, or reports false if it is an error.
func (e *expectation) frame(h frameHead, whole []byte) bool {
	from := len(e.out)
	e.out = append(e.out, whole...)
	payload := whole[frameHeader:]
	if (h.kind == http2.FrameContinuation) != (e.open != 0) || e.open != 0 && h.stream != e.open {
		return e.refuse(from)
	}
	switch h.kind {
	case http2.FrameSettings:
		if h.flags&1 == 0 && h.stream == 0 && len(payload)%6 == 0 && len(payload) <= 600 {
			e.settings(from, payload)
		}
	case http2.FrameHeaders, http2.FrameContinuation:
		f, err := http2.NewFramer(nil, bytes.NewReader(asHeaders(whole))).ReadFrame()
		if err != nil || len(payload) > maxReadFrame {
			return e.refuse(from)
		}
		e.block = append(e.block, f.(*http2.HeadersFrame).HeaderBlockFragment()...)
		e.open = h.stream
		if h.flags&http2.FlagHeadersEndHeaders != 0 {
			return e.end(from, h.stream)
		}
	}
	return true
}

func (e *expectation) refuse(from int) bool {
	e.out = e.out[:from]
	return false
}

// asHeaders makes HEADERS of a CONTINUATION frame.
func asHeaders(whole []byte) []byte {
	whole = bytes.Clone(whole)
	if http2.FrameType(whole[3]) == http2.FrameContinuation {
		whole[3] = byte(http2.FrameHeaders)
		whole[4] &= byte(http2.FlagHeadersEndHeaders)
	}
	return whole
}

func (e *expectation) settings(from int, payload []byte) {
	last := map[http2.SettingID]int{}
	smallest := ^uint32(0)
	for i := 0; i < len(payload); i += 6 {
		s := settingAt(payload, i)
		if s.Valid() != nil || s.ID == 9 && s.Val > 1 {
			return
		}
		last[s.ID] = i
		if s.ID == 1 {
			smallest = min(smallest, s.Val)
		}
	}
	e.out = e.out[:from+frameHeader]
	for i := 0; i < len(payload); i += 6 {
		s := settingAt(payload, i)
		if last[s.ID] == i {
			e.out = append(e.out, payload[i:i+6]...)
			if s.ID == 1 {
				binary.BigEndian.PutUint32(e.out[len(e.out)-4:], smallest)
			}
		}
	}
	putLength(e.out[from:], 6*len(last))
}

// end decodes a block that is complete.
func (e *expectation) end(from int, stream uint32) bool {
	fields, err := e.decoder.DecodeFull(e.block)
	e.block, e.open = nil, 0
	if err != nil {
		return e.refuse(from)
	}
	bad := false
	for _, f := range fields {
		switch f.Name {
		case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade":
			bad = true
		case "te":
			bad = bad || f.Value != "" && f.Value != "trailers"
		}
	}
	if bad {
		e.out[from+4] &^= 4
		mark := []byte{0, 1, 'A', 0}
		if stream > e.newest {
			mark = []byte{0x80 | 38, 0x80 | 38}
		}
		e.out = append(e.out, 0, 0, byte(len(mark)), 9, 4, 0, 0, 0, 0)
		binary.BigEndian.PutUint32(e.out[len(e.out)-4:], stream)
		e.out = append(e.out, mark...)
	}
	e.newest = max(e.newest, stream)
	return true
}
