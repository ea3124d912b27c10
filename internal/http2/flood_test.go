package http2

import (
	"errors"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// flooded is a server whose handlers wait until they are told to go.
type flooded struct {
	*run
	running, most, all atomic.Int32
	failed             chan error
}

func startFlooded(t *testing.T, o ServerOptions) *flooded {
	f := &flooded{failed: make(chan error, 10)}
	o.Failed = func(_ net.Addr, err error) { f.failed <- err }
	o.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		f.all.Add(1)
		n := f.running.Add(1)
		defer f.running.Add(-1)
		for most := f.most.Load(); n > most && !f.most.CompareAndSwap(most, n); most = f.most.Load() {
		}
		if r.URL.Path == "/wait" {
			<-r.Context().Done()
		}
	})
	o.Write = time.Minute
	f.run = start(t, o)
	return f
}

var wait = fields{":method", "POST", ":scheme", "https", ":path", "/wait", ":authority", "localhost"}

// Each of these does no good to anybody, and goes on for as long as it may.
var floods = map[string]struct {
	prepare func(*raw)
	frame   func(c *raw, i uint32) error
	reason  string
}{
	"rapid reset": {reason: "reset", frame: func(c *raw, i uint32) error {
		if err := c.tryOpen(2*i+1, true, get); err != nil {
			return err
		}
		return c.WriteRSTStream(2*i+1, http2.ErrCodeCancel)
	}},
	"rapid reset of what waits": {reason: "reset", frame: func(c *raw, i uint32) error {
		if err := c.tryOpen(2*i+1, true, wait); err != nil {
			return err
		}
		return c.WriteRSTStream(2*i+1, http2.ErrCodeCancel)
	}},
	"made to reset by windows": {reason: "reset", frame: func(c *raw, i uint32) error {
		if err := c.tryOpen(2*i+1, true, wait); err != nil {
			return err
		}
		return c.WriteWindowUpdate(2*i+1, 0)
	}},
	"made to reset by overflow": {reason: "reset", frame: func(c *raw, i uint32) error {
		if err := c.tryOpen(2*i+1, true, wait); err != nil {
			return err
		}
		return c.WriteWindowUpdate(2*i+1, maxWindow)
	}},
	"made to reset by priority": {reason: "reset", frame: func(c *raw, i uint32) error {
		if err := c.tryOpen(2*i+1, true, wait); err != nil {
			return err
		}
		return c.WritePriority(2*i+1, http2.PriorityParam{StreamDep: 2*i + 1})
	}},
	"made to reset by data": {reason: "reset", frame: func(c *raw, i uint32) error {
		if err := c.tryOpen(2*i+1, true, wait); err != nil {
			return err
		}
		return c.WriteData(2*i+1, true, nil)
	}},
	"malformed":        {reason: "reset", frame: func(c *raw, i uint32) error { return c.tryOpen(2*i+1, true, get.and("connection", "close")) }},
	"too many streams": {reason: "reset", frame: func(c *raw, i uint32) error { return c.tryOpen(2*i+1, true, wait) }},
	"too large heads": {reason: "reset", frame: func(c *raw, i uint32) error {
		return c.tryOpen(2*i+1, true, get.and("x-a", strings.Repeat("a", 9000)))
	}},
	"ping":     {frame: func(c *raw, _ uint32) error { return c.WritePing(false, [8]byte{}) }},
	"pong":     {reason: "in vain", frame: func(c *raw, _ uint32) error { return c.WritePing(true, [8]byte{}) }},
	"settings": {frame: func(c *raw, _ uint32) error { return c.WriteSettings() }},
	"priority": {reason: "in vain", frame: func(c *raw, i uint32) error { return c.WritePriority(2*i+3, http2.PriorityParam{}) }},
	"windows":  {reason: "in vain", frame: func(c *raw, _ uint32) error { return c.WriteWindowUpdate(0, 1) }},
	"unknown":  {reason: "in vain", frame: func(c *raw, _ uint32) error { return c.WriteRawFrame(0xbe, 0, 0, nil) }},
	"empty data": {reason: "in vain",
		prepare: func(c *raw) { c.open(1, false, wait) },
		frame:   func(c *raw, _ uint32) error { return c.WriteData(1, false, nil) },
	},
	"padding": {reason: "in vain",
		prepare: func(c *raw) { c.open(1, false, wait) },
		frame:   func(c *raw, _ uint32) error { return c.WriteDataPadded(1, false, nil, make([]byte, 255)) },
	},
	"resets of what is closed": {reason: "in vain",
		prepare: func(c *raw) { c.open(1, true, get); c.answer(1) },
		frame:   func(c *raw, _ uint32) error { return c.WriteRSTStream(1, http2.ErrCodeCancel) },
	},
	"data for what is closed": {
		prepare: func(c *raw) { c.open(1, true, get); c.answer(1) },
		frame:   func(c *raw, _ uint32) error { return c.WriteData(1, false, nil) },
	},
	"continuation": {
		prepare: func(c *raw) {
			_ = c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: nil, EndStream: true})
		},
		frame: func(c *raw, _ uint32) error { return c.WriteContinuation(1, false, []byte{0x82}) },
	},
	"empty continuation": {
		prepare: func(c *raw) {
			_ = c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: nil, EndStream: true})
		},
		frame: func(c *raw, _ uint32) error { return c.WriteContinuation(1, false, nil) },
	},
	"large continuation": {
		prepare: func(c *raw) {
			_ = c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: nil, EndStream: true})
		},
		frame: func(c *raw, _ uint32) error { return c.WriteContinuation(1, false, make([]byte, maxFrame)) },
	},
}

func TestFloodsEndTheConnection(t *testing.T) {
	noLeaks(t)
	for name, flood := range floods {
		t.Run(name, func(t *testing.T) {
			f := startFlooded(t, ServerOptions{MaxHead: 8 << 10, MaxStreams: 20})
			c := f.dial()
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			if flood.prepare != nil {
				flood.prepare(c)
			}
			var reading sync.WaitGroup
			reading.Go(func() {
				if code, said := c.ended(); said && code != http2.ErrCodeEnhanceYourCalm {
					t.Errorf("ended with %v", code)
				}
			})
			for i := range uint32(1_000_000) {
				if flood.frame(c, i) != nil {
					break
				}
			}
			reading.Wait()
			select {
			case err := <-f.failed:
				fault := (*connError)(nil)
				if !errors.As(err, &fault) || fault.code != http2.ErrCodeEnhanceYourCalm || !strings.Contains(fault.reason, flood.reason) {
					t.Errorf("ended because of %v", err)
				}
			case <-time.After(patience):
				t.Fatal("the connection was not ended")
			}
			if all := f.all.Load(); all > 4*maxResets {
				t.Errorf("%d requests were handled", all)
			}
			if most := f.most.Load(); most > 20 {
				t.Errorf("%d handlers ran at the same time", most)
			}
			runtime.ReadMemStats(&after)
			if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 20<<20 {
				t.Errorf("%d bytes more are in use", grown)
			}
		})
	}
}

// What looks like a flood, and is not.
func TestBusyClientsAreNotTakenForFloods(t *testing.T) {
	f := startFlooded(t, ServerOptions{})
	c := f.dial()
	for i := range uint32(2000) {
		given := 2*i + 1
		if i%4 == 0 { // given up at once
			c.open(given, true, get)
			_ = c.WriteRSTStream(given, http2.ErrCodeCancel)
			continue
		}
		c.open(given, true, get)
		_ = c.WritePriority(given, http2.PriorityParam{})
		_ = c.WriteWindowUpdate(0, 1)
		if a := c.answer(given); a.status != "200" {
			t.Fatalf("request %d got %+v", i, a)
		}
		_ = c.WriteRSTStream(given, http2.ErrCodeCancel) // it comes late
	}
}

// A client that keeps to the limit is not refused because handlers tidy up
// after their answers, but those of streams that it has reset do count.
func TestLimitOfStreams(t *testing.T) {
	tidy := make(chan struct{})
	r := start(t, ServerOptions{MaxStreams: 2, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "0")
		if r.URL.Path == "/wait" {
			<-tidy
		}
		_ = http.NewResponseController(w).Flush()
		<-tidy
	})})
	c := r.dial()
	for i := range uint32(20) {
		c.open(2*i+1, true, get)
		if a := c.answer(2*i + 1); a.status != "200" {
			t.Fatalf("request %d got %+v", i, a)
		}
	}
	for i := range uint32(3) {
		c.open(2*i+41, true, wait)
		_ = c.WriteRSTStream(2*i+41, http2.ErrCodeCancel)
	}
	if a := c.answer(45); !a.cut || a.reset != http2.ErrCodeRefusedStream {
		t.Errorf("the third that waits got %+v", a)
	}
	close(tidy)
	until(t, "requests are taken again", func() bool {
		c.sync()
		c.open(c.next(), true, get)
		return c.answer(c.last).status == "200"
	})
}

// Frames that the client makes the server send, and does not take, must not
// pile up.
func TestClientThatTakesNoControlFramesIsCutOff(t *testing.T) {
	failed := make(chan error, 1)
	s := NewServer(ServerOptions{
		Failed:  func(_ net.Addr, err error) { failed <- err },
		Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }),
	})
	defer func() { _ = s.Close() }()
	near, far := net.Pipe()
	go s.ServeConn(far, nil) // Close ends it
	c := newRaw(t, near)
	c.greet()
	c.open(1, false, post)
	pings := 0
	for err := error(nil); err == nil; pings++ {
		if pings%3 == 0 { // a useful frame lifts the limit on useless ones
			_ = c.WriteData(1, false, []byte("a"))
		}
		err = c.WritePing(false, [8]byte{})
	}
	fault := (*connError)(nil)
	if err := <-failed; !errors.As(err, &fault) || fault.code != http2.ErrCodeEnhanceYourCalm || pings > 2*maxControls {
		t.Fatalf("%d frames; ended because of %v", pings, err)
	}
	if !strings.Contains(fault.reason, "taken") {
		t.Errorf("the reason is %s", fault.reason)
	}
}
