package integration

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"sterling/internal/proxytest"
)

// hostileH2 is one answer over HTTP/2, to a request on stream 1, by a backend
// that means ill.
type hostileH2 struct {
	*http2.Framer
	buf bytes.Buffer
	enc *hpack.Encoder
}

// block encodes names and values in turn, so that the table does not grow.
func (h *hostileH2) block(fields ...string) []byte {
	h.buf.Reset()
	for i := 0; i < len(fields); i += 2 {
		_ = h.enc.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1], Sensitive: true}) // a buffer takes all
	}
	return bytes.Clone(h.buf.Bytes())
}

func (h *hostileH2) head(status string, end bool, more ...string) error {
	fields := append([]string{":status", status}, more...)
	return h.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: h.block(fields...), EndHeaders: end})
}

// hostileH2Backend has each request answered by answer, which ends when its
// connection does, behind SETTINGS that it sends first.
func hostileH2Backend(t *testing.T, settings []http2.Setting, answer func(*hostileH2)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() { // ends with l
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serveHostileH2(c, settings, answer)
		}
	}()
	return l.Addr().String()
}

func serveHostileH2(c net.Conn, settings []http2.Setting, answer func(*hostileH2)) {
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
		return // a check
	}
	h := &hostileH2{Framer: http2.NewFramer(c, c)}
	h.AllowIllegalWrites, h.enc = true, hpack.NewEncoder(&h.buf)
	if h.WriteSettings(settings...) != nil {
		return
	}
	for {
		f, err := h.ReadFrame()
		if err != nil {
			return
		}
		if s, ok := f.(*http2.SettingsFrame); ok && !s.IsAck() {
			_ = h.WriteSettingsAck() // a dead connection shows in the next read
		}
		if f.Header().Type == http2.FrameHeaders {
			go func() { _, _ = io.Copy(io.Discard, c) }() // ends with c
			answer(h)
			return
		}
	}
}

// endless calls write until it fails.
func endless(write func() error) {
	for write() == nil {
	}
}

// Whatever a backend sends, its request ends in time, and costs no memory.
func TestHostileH5Backends(t *testing.T) {
	for name, c := range map[string]struct {
		settings []http2.Setting
		answer   func(*hostileH2)
	}{
		"absurd frame size": {[]http2.Setting{{ID: http2.SettingMaxFrameSize, Val: 0}}, func(h *hostileH2) { _ = h.head("200", true) }},
		"endless 103":       {nil, func(h *hostileH2) { endless(func() error { return h.head("103", true, "link", "</a>") }) }},
		"endless CONTINUATION": {nil, func(h *hostileH2) {
			_ = h.head("200", false) // a dead connection shows in the next write
			endless(func() error { return h.WriteContinuation(1, false, h.block("x", strings.Repeat("y", 1000))) })
		}},
		"a head of a megabyte": {nil, func(h *hostileH2) {
			_ = h.head("200", false) // as above
			for range 64 {
				_ = h.WriteContinuation(1, false, h.block("x", strings.Repeat("y", 16_000)))
			}
			_ = h.WriteContinuation(1, true, nil)
			_ = h.WriteData(1, true, nil)
		}},
		"PING flood": {nil, func(h *hostileH2) { endless(func() error { return h.WritePing(false, [8]byte{1}) }) }},
		"empty DATA": {nil, func(h *hostileH2) {
			_ = h.head("200", true) // as above
			endless(func() error { return h.WriteData(1, false, nil) })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := hostileH2Backend(t, c.settings, c.answer)
			p := proxytest.Start(t, proxytest.Options{Config: "[[route]]\npool = \"app\"\n" +
				proxytest.OnlyPool("app", "protocol = \"h2c\"\n[pool.timeout]\nresponse = \"1s\"\nbody_idle = \"1s\"", addr)})
			before := p.Memory()
			res, err := (&http.Client{Timeout: 15 * time.Second}).Get(p.URL("plain"))
			if err != nil {
				t.Fatalf("the client hears nothing: %v", err)
			}
			_, err = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if res.StatusCode < http.StatusInternalServerError && err == nil {
				t.Errorf("the answer was taken for good: %s", res.Status)
			}
			if after := p.Memory(); after > before+64<<20 && !proxytest.Raced(t) {
				t.Errorf("memory grew from %d to %d MiB", before>>20, after>>20)
			}
			l := p.WaitLines(1, nil)[0]
			t.Logf("%s, ended as %s", res.Status, l.End)
			proxytest.Eventually(t, "nothing to be under way", func() bool { return p.Status().Pools[0].Backends[0].InFlight == 0 })
		})
	}
}
