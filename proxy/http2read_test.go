package proxy

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// clientBytes is what a client sends.
type clientBytes struct {
	bytes.Buffer
	*http2.Framer
	block  bytes.Buffer
	fields *hpack.Encoder
}

func newClientBytes() *clientBytes {
	c := &clientBytes{}
	c.Framer = http2.NewFramer(&c.Buffer, nil)
	c.AllowIllegalWrites = true
	c.fields = hpack.NewEncoder(&c.block)
	c.Buffer.WriteString(http2.ClientPreface)
	return c
}

// encode returns the header block of a request, or of trailers.
func (c *clientBytes) encode(namesAndValues ...string) []byte {
	c.block.Reset()
	for pair := range slices.Chunk(namesAndValues, 2) {
		_ = c.fields.WriteField(hpack.HeaderField{Name: pair[0], Value: pair[1]}) // to a buffer
	}
	return bytes.Clone(c.block.Bytes())
}

func (c *clientBytes) request(namesAndValues ...string) []byte {
	return c.encode(append([]string{":method", "POST", ":scheme", "https", ":path", "/", ":authority", "a"}, namesAndValues...)...)
}

func (c *clientBytes) headers(stream uint32, block []byte, end bool) {
	_ = c.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block, EndHeaders: true, EndStream: end})
}

// goodConnection has frames of all kinds that pass as they are.
func goodConnection() []byte {
	c := newClientBytes()
	_ = c.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
	_ = c.WriteSettingsAck()
	_ = c.WriteWindowUpdate(0, 1<<20)
	c.headers(1, c.request("te", "trailers", "cookie", "a=b"), false)
	_ = c.WriteData(1, false, []byte("connection: close"))
	_ = c.WritePing(false, [8]byte{1})
	c.headers(1, c.encode("sum", "1"), true)
	block := c.request("te", "trailers", "cookie", "c=d")
	_ = c.WriteHeaders(http2.HeadersFrameParam{
		StreamID: 3, BlockFragment: block[:5], PadLength: 7, Priority: http2.PriorityParam{StreamDep: 1, Weight: 3},
	})
	_ = c.WriteContinuation(3, false, nil)
	_ = c.WriteContinuation(3, false, block[5:8])
	_ = c.WriteContinuation(3, true, block[8:])
	_ = c.WriteRSTStream(3, http2.ErrCodeCancel)
	_ = c.WriteRawFrame(0xbe, 0xff, 5, []byte("unknown"))
	return bytes.Clone(c.Bytes())
}

// mixedConnection returns a connection with frames to change among others, and
// what they are to become.
func mixedConnection() (in, want []byte) {
	a, b := newClientBytes(), newClientBytes()
	both := func(f func(c *clientBytes)) { f(a); f(b) }
	window := func(v uint32) http2.Setting { return http2.Setting{ID: http2.SettingInitialWindowSize, Val: v} }
	_ = a.WriteSettings(window(1), window(2))
	_ = b.WriteSettings(window(2))
	both(func(c *clientBytes) { c.headers(1, c.request(), false) })

	a.headers(3, a.request("connection", "close"), true)
	_ = b.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, BlockFragment: b.request("connection", "close"), EndStream: true})
	_ = b.WriteContinuation(3, true, twoHosts)

	both(func(c *clientBytes) { _ = c.WriteData(1, false, []byte("body")) })

	a.headers(1, a.encode("te", "gzip"), true)
	_ = b.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: b.encode("te", "gzip"), EndStream: true})
	_ = b.WriteContinuation(1, true, upperCase)

	split := func(c *clientBytes) []byte {
		block := c.request("upgrade", "h2c")
		_ = c.WriteHeaders(http2.HeadersFrameParam{StreamID: 5, BlockFragment: block[:3], PadLength: 3, Priority: http2.PriorityParam{StreamDep: 1}})
		return block[3:]
	}
	_ = a.WriteContinuation(5, true, split(a))
	_ = b.WriteContinuation(5, false, split(b))
	_ = b.WriteContinuation(5, true, twoHosts)

	const reserved = 1 << 31 // RFC 9113, section 4.1: to be ignored
	_ = a.WriteRawFrame(http2.FrameHeaders, 5, 7|reserved, a.request("te", "x"))
	_ = b.WriteRawFrame(http2.FrameHeaders, 1, 7|reserved, b.request("te", "x"))
	_ = b.WriteContinuation(7, true, twoHosts)

	both(func(c *clientBytes) { c.headers(9, c.request("te", "trailers"), true) })
	return bytes.Clone(a.Bytes()), bytes.Clone(b.Bytes())
}

func TestGoodFramesPassAsTheyAre(t *testing.T) {
	in := goodConnection()
	got, err := io.ReadAll(newHTTP2Reader(bytes.NewReader(in)))
	if err != nil || !bytes.Equal(got, in) {
		t.Errorf("read %x, %v, want %x", got, err, in)
	}
}

func TestFramesAreFollowedWhereverReadsSplitThem(t *testing.T) {
	in, want := mixedConnection()
	for cut := range len(in) {
		from := io.MultiReader(bytes.NewReader(in[:cut]), bytes.NewReader(in[cut:]))
		if got, err := io.ReadAll(newHTTP2Reader(from)); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("cut at %d: read %x, %v, want %x", cut, got, err, want)
		}
	}
	for name, from := range map[string]io.Reader{
		"from single bytes": newHTTP2Reader(iotest.OneByteReader(bytes.NewReader(in))),
		"in single bytes":   iotest.OneByteReader(newHTTP2Reader(bytes.NewReader(in))),
		"data with EOF":     newHTTP2Reader(iotest.DataErrReader(bytes.NewReader(in))),
	} {
		if got, err := io.ReadAll(from); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: read %x, %v, want %x", name, got, err, want)
		}
	}
}

func TestWhatCameBeforeAnErrorIsPassedOn(t *testing.T) {
	in := goodConnection()
	broken := errors.New("broken")
	for cut := range len(in) {
		from := io.MultiReader(bytes.NewReader(in[:cut]), iotest.ErrReader(broken))
		if got, err := io.ReadAll(newHTTP2Reader(from)); !errors.Is(err, broken) || !bytes.Equal(got, in[:cut]) {
			t.Fatalf("cut at %d: read %x, %v, want %x", cut, got, err, in[:cut])
		}
	}
}

func TestFramesForTheServerToRefusePassAsTheyAre(t *testing.T) {
	bad := func(c *clientBytes) []byte { return c.request("connection", "close") }
	twice := settingsPayload(http2.Setting{ID: 4, Val: 1}, http2.Setting{ID: 4, Val: 1})
	for name, send := range map[string]func(c *clientBytes){
		"too long":                    func(c *clientBytes) { c.headers(1, append(bad(c), bytes.Repeat([]byte{0x82}, maxReadFrame)...), true) },
		"CONTINUATION of nothing":     func(c *clientBytes) { _ = c.WriteContinuation(1, true, bad(c)) },
		"CONTINUATION of another":     func(c *clientBytes) { unended(c, 1); _ = c.WriteContinuation(3, true, bad(c)) },
		"HEADERS in a block":          func(c *clientBytes) { unended(c, 1); c.headers(3, bad(c), true) },
		"padding over the end":        func(c *clientBytes) { _ = c.WriteRawFrame(http2.FrameHeaders, 0xd, 1, append([]byte{200}, bad(c)...)) },
		"no room for the padding":     func(c *clientBytes) { _ = c.WriteRawFrame(http2.FrameHeaders, 0xd, 1, nil) },
		"no room for the priority":    func(c *clientBytes) { _ = c.WriteRawFrame(http2.FrameHeaders, 0x25, 1, []byte("1234")) },
		"an unreadable block":         func(c *clientBytes) { c.headers(1, []byte{0x80}, true); c.headers(3, bad(c), true) },
		"settings on a stream":        func(c *clientBytes) { _ = c.WriteRawFrame(http2.FrameSettings, 0, 1, twice) },
		"settings acknowledged":       func(c *clientBytes) { _ = c.WriteRawFrame(http2.FrameSettings, 1, 0, twice) },
		"settings of an odd length":   func(c *clientBytes) { _ = c.WriteRawFrame(http2.FrameSettings, 0, 0, twice[:11]) },
		"more settings than it takes": func(c *clientBytes) { _ = c.WriteRawFrame(http2.FrameSettings, 0, 0, bytes.Repeat(twice, 51)) },
		"PUSH_PROMISE":                func(c *clientBytes) { _ = c.WriteRawFrame(http2.FramePushPromise, 4, 1, bad(c)) },
	} {
		c := newClientBytes()
		send(c)
		c.headers(11, nil, true)
		if got, err := io.ReadAll(newHTTP2Reader(bytes.NewReader(c.Bytes()))); err != nil || !bytes.Equal(got, c.Bytes()) {
			t.Errorf("%s: read %x, %v, want %x", name, got, err, c.Bytes())
		}
	}
}

func unended(c *clientBytes, stream uint32) {
	_ = c.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: c.request()})
}

// readConn is a connection that is read through an http2Reader.
type readConn struct {
	net.Conn
	r *http2Reader
}

func (c readConn) Read(p []byte) (int, error) { return c.r.Read(p) }

// answers serves what a client sent with the standard server, until stream
// last is answered, and returns the first code that each stream was reset with.
// The connection has to outlive them.
func answers(t *testing.T, sent []byte, last uint32) map[uint32]http2.ErrCode {
	t.Helper()
	client, server := net.Pipe()
	_ = client.SetDeadline(time.Now().Add(30 * time.Second)) // a pipe has deadlines
	served := make(chan struct{})
	go func() {
		defer close(served)
		read := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
		//nolint:staticcheck // the undeprecated way takes no connection of ours
		new(http2.Server).ServeConn(readConn{server, newHTTP2Reader(server)}, &http2.ServeConnOpts{Handler: read})
	}()
	go func() { _, _ = client.Write(sent) }()
	defer func() { _ = client.Close(); <-served }()
	reset := map[uint32]http2.ErrCode{}
	for f := http2.NewFramer(nil, client); ; {
		frame, err := f.ReadFrame()
		if err != nil {
			t.Fatalf("reading after %v: %v", reset, err)
		}
		switch frame := frame.(type) {
		case *http2.GoAwayFrame:
			t.Fatalf("the connection ended with %v", frame.ErrCode)
		case *http2.RSTStreamFrame:
			if _, again := reset[frame.StreamID]; !again {
				reset[frame.StreamID] = frame.ErrCode
			}
		case *http2.HeadersFrame:
			if frame.StreamID == last {
				return reset
			}
		}
	}
}

func TestAForbiddenFieldResetsItsStreamAlone(t *testing.T) {
	for name, send := range map[string]func(c *clientBytes){
		"a request": func(c *clientBytes) { c.headers(3, c.request("connection", "close"), true) },
		"with host": func(c *clientBytes) { c.headers(3, c.request("host", "a", "upgrade", "h2c"), true) },
		"with body": func(c *clientBytes) {
			c.headers(3, c.request("te", "gzip"), false)
			_ = c.WriteData(3, true, []byte("body"))
		},
		"trailers": func(c *clientBytes) {
			c.headers(3, c.request(), false)
			_ = c.WriteData(3, false, []byte("body"))
			c.headers(3, c.encode("upgrade", "h2c"), true)
		},
		"CONTINUATION": func(c *clientBytes) {
			block := c.request("keep-alive", "5")
			_ = c.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, BlockFragment: block[:9], EndStream: true})
			_ = c.WriteContinuation(3, true, block[9:])
		},
	} {
		c := newClientBytes()
		window := http2.Setting{ID: http2.SettingInitialWindowSize, Val: 100}
		_ = c.WriteSettings(window, window)
		c.headers(1, c.request(), false)
		send(c)
		_ = c.WriteData(1, true, []byte("the rest"))
		c.headers(5, c.request("te", "trailers"), true)
		got := answers(t, c.Bytes(), 5)
		if code, ok := got[3]; !ok || code != http2.ErrCodeProtocol || len(got) != 1 {
			t.Errorf("%s: streams reset are %v, want 3 with PROTOCOL_ERROR", name, got)
		}
	}
}

// requestSource repeats the requests of a browser after the first bytes of its
// connection.
type requestSource struct {
	left  []byte
	again []byte
}

func (s *requestSource) Read(p []byte) (int, error) {
	if len(s.left) == 0 {
		s.left = s.again
	}
	n := copy(p, s.left)
	s.left = s.left[n:]
	return n, nil
}

func newRequestSource() *requestSource {
	c := newClientBytes()
	request := func(stream uint32) {
		c.headers(stream, c.request(
			"user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
			"accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
			"accept-language", "en-US,en;q=0.5", "accept-encoding", "gzip, deflate, br, zstd",
			"cookie", "__Host-sterling-app=main.MTc2NDg5NjE2NHxXb3JkV29yZFdvcmRXb3JkV29yZFdvcmRXb3JkV29yZA",
			"upgrade-insecure-requests", "1", "sec-fetch-dest", "document", "sec-fetch-mode", "navigate",
			"sec-fetch-site", "same-origin", "sec-fetch-user", "?1", "priority", "u=0, i", "te", "trailers",
		), true)
	}
	request(1)
	first := bytes.Clone(c.Bytes())
	// The path is sent in full each time, so that the table stays as it is.
	c.Reset()
	request(3)
	payload := append(c.Bytes()[frameHeader:], literalField(0, ":path", "/a/page/of/ours?with=a&query=string", huffman)...)
	c.Reset()
	c.headers(3, bytes.Clone(payload), true)
	return &requestSource{left: first, again: bytes.Clone(c.Bytes())}
}

func BenchmarkHTTP2Read(b *testing.B) {
	source := newRequestSource()
	for name, from := range map[string]func() io.Reader{
		"bare":    func() io.Reader { return source },
		"watched": func() io.Reader { return newHTTP2Reader(source) },
	} {
		b.Run(name, func(b *testing.B) {
			source = newRequestSource()
			r := from()
			p := make([]byte, maxReadFrame)
			if _, err := io.ReadFull(r, p[:len(http2.ClientPreface)]); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				_, _ = io.ReadFull(r, p[:frameHeader])
				_, _ = io.ReadFull(r, p[:parseFrameHeader(p).length])
			}
		})
	}
}
