package http2

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"math"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// handler answers as a backend behind the proxy would.
func benchHandler() http.Handler {
	body := []byte(strings.Repeat("x", 872))
	header := http.Header{
		"Content-Type": {"text/html"}, "Server": {"bench"}, "Etag": {`"5f1c-3a2b"`},
		"Last-Modified": {"Thu, 01 Jan 1970 00:00:00 GMT"}, "Content-Length": {"872"},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		for name, values := range header {
			h[name] = values
		}
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(body)
	})
}

// The two servers in one run: what counts is the ratio.
func BenchmarkServer(b *testing.B) {
	for _, of := range []struct {
		name           string
		handler        http.Handler
		conns, streams int
	}{
		{"small", benchHandler(), 4, 10},
		{"one at a time", benchHandler(), 1, 1},
		{"1MiB", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1048576")
			for piece := make([]byte, 32<<10); ; {
				if _, err := w.Write(piece); err != nil {
					return
				}
			}
		}), 2, 2},
	} {
		native := NewServer(ServerOptions{Handler: of.handler})
		standard := &http2.Server{MaxConcurrentStreams: 128} //nolint:staticcheck // the undeprecated way takes no connection of ours
		for name, serve := range map[string]func(*tls.Conn){
			"native": func(nc *tls.Conn) {
				state := nc.ConnectionState()
				native.ServeConn(nc, &state)
			},
			"standard": func(nc *tls.Conn) {
				//nolint:staticcheck // as above
				standard.ServeConn(nc, &http2.ServeConnOpts{Context: context.Background(), Handler: of.handler})
			},
		} {
			b.Run(of.name+"/"+name, func(b *testing.B) {
				l := listen(b, serve)
				defer func() { _ = l.Close() }()
				b.ReportAllocs()
				load(b, l.Addr().String(), of.conns, of.streams)
			})
		}
		_ = native.Close()
	}
}

// A request that brings nothing new costs this many allocations, TLS and all.
func TestAllocationsOfARequest(t *testing.T) {
	const budget = 2
	r := start(t, ServerOptions{Handler: benchHandler(), Idle: time.Minute, Header: time.Minute, Write: time.Minute})
	c := dialFrames(t, r.addr)
	defer func() { _ = c.nc.Close() }()
	c.requests(1000, 10)
	var before, after runtime.MemStats
	least := math.Inf(1)
	for range 5 { // others may allocate, too
		const n = 2000
		runtime.ReadMemStats(&before)
		c.requests(n, 10)
		runtime.ReadMemStats(&after)
		least = min(least, float64(after.Mallocs-before.Mallocs)/n)
	}
	if least > budget && !raceEnabled {
		t.Errorf("%.1f allocations a request, want at most %d", least, budget)
	}
}

// load runs b.N requests over conns connections with streams requests under way
// on each. It costs little itself: what is sent was made before.
func load(b *testing.B, addr string, conns, streams int) {
	b.Helper()
	var wg sync.WaitGroup
	clients := make([]*frameClient, conns)
	for i := range clients {
		clients[i] = dialFrames(b, addr)
	}
	b.ResetTimer()
	for _, c := range clients {
		wg.Go(func() { c.requests(b.N/conns+1, streams) })
	}
	wg.Wait()
	b.StopTimer()
	for _, c := range clients {
		_ = c.nc.Close()
	}
}

// frameClient is a client without a memory: it counts the ends of streams.
type frameClient struct {
	b     testing.TB
	nc    net.Conn
	next  uint32
	block []byte // of every request
	in    []byte
	r, w  int
	out   []byte
	data  int
}

func dialFrames(b testing.TB, addr string) *frameClient {
	nc, err := tls.Dial("tcp", addr, clientTLS())
	if err != nil {
		b.Fatal(err)
	}
	c := &frameClient{b: b, nc: nc, next: 1, in: make([]byte, 64<<10)}
	_, _ = io.WriteString(nc, http2.ClientPreface)
	f := http2.NewFramer(nc, nil)
	_ = f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1<<31 - 1})
	_ = f.WriteWindowUpdate(0, 1<<30)
	var buf bytes.Buffer
	enc := hpack.NewEncoder(&buf)
	first := fields{
		":method", "GET", ":scheme", "https", ":authority", "localhost", ":path", "/index.html",
		"user-agent", "bench/1", "accept", "*/*", "accept-encoding", "gzip", "accept-language", "en", "cookie", "a=b; c=d",
	}
	for range 2 { // the second has the fields in the table
		buf.Reset()
		for i := 0; i < len(first); i += 2 {
			_ = enc.WriteField(hpack.HeaderField{Name: first[i], Value: first[i+1]})
		}
		if c.next == 1 {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: buf.Bytes(), EndStream: true, EndHeaders: true})
			c.next = 3
		}
	}
	c.block = bytes.Clone(buf.Bytes())
	c.read(1)
	return c
}

func (c *frameClient) open() {
	c.out = frameHead{length: len(c.block), kind: http2.FrameHeaders, flags: http2.FlagHeadersEndHeaders | http2.FlagHeadersEndStream, stream: c.next}.append(c.out)
	c.out = append(c.out, c.block...)
	c.next += 2
}

// requests answers n requests, with streams of them under way.
func (c *frameClient) requests(n, streams int) {
	for range min(n, streams) {
		c.open()
	}
	opened := min(n, streams)
	for done := 0; done < n; {
		if c.next > 1<<30 {
			c.b.Error("too many streams")
			return
		}
		if len(c.out) > 0 {
			if _, err := c.nc.Write(c.out); err != nil {
				c.b.Error(err)
				return
			}
			c.out = c.out[:0]
		}
		ended := c.read(1)
		if ended == 0 {
			return
		}
		done += ended
		for ; ended > 0 && opened < n; ended-- {
			c.open()
			opened++
		}
	}
}

// read reads until least streams have ended, and what came with that.
func (c *frameClient) read(least int) (ended int) {
	for ended < least {
		n, err := c.nc.Read(c.in[c.w:])
		if err != nil {
			c.b.Error(err)
			return 0
		}
		c.w += n
		for c.w-c.r >= frameHeadSize {
			h := parseFrameHead(c.in[c.r:])
			if c.w-c.r < frameHeadSize+h.length {
				break
			}
			c.r += frameHeadSize + h.length
			switch {
			case h.kind == http2.FrameSettings && !h.has(http2.FlagSettingsAck):
				c.out = frameHead{kind: http2.FrameSettings, flags: http2.FlagSettingsAck}.append(c.out)
			case h.kind == http2.FrameGoAway, h.kind == http2.FrameRSTStream:
				c.b.Errorf("%v", h.kind)
				return 0
			case h.kind == http2.FrameData:
				c.data += h.length
			}
			if h.stream != 0 && h.kind <= http2.FrameHeaders && h.has(http2.FlagDataEndStream) {
				ended++
			}
		}
		c.w = copy(c.in, c.in[c.r:c.w])
		c.r = 0
	}
	if c.data > 1<<29 {
		c.out = appendWord(c.out, http2.FrameWindowUpdate, 0, uint32(c.data))
		c.data = 0
	}
	return ended
}
