package http2

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
)

// pipe serves one connection without TLS, for a bubble of synctest.
func pipe(t testing.TB, s *Server) (c *raw, served <-chan struct{}) {
	t.Helper()
	near, far := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ServeConn(far, nil)
	}()
	c = newRaw(t, buffered(near))
	_ = near.SetDeadline(time.Now().Add(time.Hour))
	t.Cleanup(func() { _ = c.nc.Close() })
	return c, done
}

// greet sends the preface and SETTINGS.
func (c *raw) greet() {
	_, _ = io.WriteString(c.nc, http2.ClientPreface)
	_ = c.WriteSettings()
}

// bufferedConn reads ahead, as a socket does: a pipe's writer would wait for
// the test to read.
type bufferedConn struct {
	net.Conn
	*io.PipeReader
}

func (b *bufferedConn) Read(p []byte) (int, error) { return b.PipeReader.Read(p) }
func (b *bufferedConn) Close() error {
	_ = b.PipeReader.Close()
	return b.Conn.Close()
}

func buffered(nc net.Conn) net.Conn {
	r, w := io.Pipe()
	frames := make(chan []byte, 10000)
	go func() {
		defer close(frames)
		for {
			buf := make([]byte, 32<<10)
			n, err := nc.Read(buf)
			if n > 0 {
				frames <- buf[:n]
			}
			if err != nil {
				return
			}
		}
	}()
	go func() {
		for b := range frames {
			_, _ = w.Write(b)
		}
		_ = w.Close()
	}()
	return &bufferedConn{nc, r}
}

// goAways reads until the connection ends, answers PINGs if it is to, and
// returns the GOAWAYs.
func (c *raw) goAways(pong bool) (lasts []uint32, codes []http2.ErrCode) {
	for {
		f, err := c.ReadFrame()
		if err != nil {
			return lasts, codes
		}
		switch f := f.(type) {
		case *http2.GoAwayFrame:
			lasts, codes = append(lasts, f.LastStreamID), append(codes, f.ErrCode)
		case *http2.PingFrame:
			if pong && !f.IsAck() {
				_ = c.WritePing(true, f.Data)
			}
		}
	}
}

func TestConnectionsEndInTwoSteps(t *testing.T) {
	for i := range 4 {
		pong, fault := i%2 == 0, i >= 2 // that is made at last
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			s := NewServer(ServerOptions{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				<-release
				_, _ = io.WriteString(w, "ok")
			})})
			c, served := pipe(t, s)
			c.greet()
			c.open(1, true, get)
			synctest.Wait()
			begun := time.Now()
			s.GoAway()
			s.GoAway() // no more than once
			synctest.Wait()
			c.open(3, true, get) // was on its way
			synctest.Wait()
			var frames []http2.Frame
			answers := 0
			if pong {
				_ = c.WritePing(true, leavePing)
			} else {
				time.Sleep(2 * pongPatience)
			}
			synctest.Wait()
			c.open(5, true, get) // comes too late
			_ = c.WriteData(5, true, nil)
			if fault {
				_ = c.WriteData(0, true, nil)
			}
			synctest.Wait()
			close(release)
			for {
				f, err := c.ReadFrame()
				if err != nil {
					break
				}
				if g, ok := f.(*http2.GoAwayFrame); ok {
					copied := *g
					frames = append(frames, &copied)
				}
				if f.Header().Type == http2.FrameHeaders {
					answers++
					if f.Header().StreamID == 5 {
						t.Error("a request behind the last was answered")
					}
				}
				if f.Header().StreamID != 0 && f.Header().Flags.Has(http2.FlagDataEndStream) && answers == 2 && c.nc.Close() != nil {
					t.Error("closing")
				}
			}
			if fault {
				if len(frames) != 3 || frames[2].(*http2.GoAwayFrame).LastStreamID != 3 || frames[2].(*http2.GoAwayFrame).ErrCode != http2.ErrCodeProtocol {
					t.Errorf("got %v", frames)
				}
				_ = c.nc.Close()
				<-served
				_ = s.Close()
				return
			}
			if len(frames) != 2 || frames[0].(*http2.GoAwayFrame).LastStreamID != maxWindow || frames[1].(*http2.GoAwayFrame).LastStreamID != 3 {
				t.Fatalf("got %v", frames)
			}
			if answers != 2 {
				t.Errorf("%d answers", answers)
			}
			<-served
			if took := time.Since(begun); pong && took > 0 || took > 3*time.Second {
				t.Errorf("it took %v", took)
			}
			_ = s.Close()
		})
	}
}

func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := NewServer(ServerOptions{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release })})
		c, served := pipe(t, s)
		c.greet()
		c.open(1, true, get)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with a request under way: %v", err)
		}
		select {
		case <-served:
			t.Error("the connection was ended")
		default:
		}
		go c.goAways(false)
		begun := time.Now()
		go func() { time.Sleep(time.Second); close(release) }()
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		<-served
		if took := time.Since(begun); took != time.Second+lingering {
			t.Errorf("it took %v", took)
		}
		_, late := pipe(t, s)
		<-late // is turned away
	})
}

func TestCloseCutsRequestsOff(t *testing.T) {
	noLeaks(t)
	begun, ended := make(chan struct{}), make(chan struct{})
	r := serve(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		close(begun)
		<-r.Context().Done()
	})
	c := r.dial()
	c.open(1, true, get)
	<-begun
	_ = r.Close()
	<-ended
	if _, said := c.ended(); said {
		t.Error("it was said before")
	}
}

func TestIdleConnectionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(ServerOptions{Idle: 10 * time.Second, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(25 * time.Second) })})
		c, served := pipe(t, s)
		c.greet()
		begun := time.Now()
		time.Sleep(5 * time.Second)
		_ = c.WritePing(false, [8]byte{}) // changes nothing
		time.Sleep(4 * time.Second)
		c.open(1, true, get)
		synctest.Wait()
		for range 3 { // these may well come while it is not idle
			time.Sleep(8 * time.Second)
			_ = c.WritePing(false, [8]byte{})
		}
		go func() {
			<-served
			_ = c.nc.Close()
		}()
		if _, codes := c.goAways(true); len(codes) != 1 || codes[0] != http2.ErrCodeNo {
			t.Errorf("got %v", codes)
		}
		<-served
		if took := time.Since(begun); took != 9*time.Second+25*time.Second+10*time.Second+lingering {
			t.Errorf("it took %v", took)
		}
		_ = s.Close()
	})
}

func TestSlowBeginningsEndTheConnection(t *testing.T) {
	for name, begin := range map[string]func(*raw){
		"nothing":           func(*raw) {},
		"half a preface":    func(c *raw) { _, _ = io.WriteString(c.nc, http2.ClientPreface[:10]) },
		"no settings":       func(c *raw) { _, _ = io.WriteString(c.nc, http2.ClientPreface) },
		"half a head":       func(c *raw) { c.greet(); c.half() },
		"half a head later": func(c *raw) { c.greet(); time.Sleep(20 * time.Second); c.half() },
		"half a frame": func(c *raw) {
			c.greet()
			_ = c.WriteRawFrame(http2.FrameHeaders, http2.FlagHeadersEndHeaders|http2.FlagHeadersEndStream, 1, c.encode(get))
			_, _ = c.nc.Write([]byte{0, 0, 9, 1, 5, 0, 0, 0, 3, 0})
		},
		"a head that grows": func(c *raw) {
			c.greet()
			c.half()
			time.Sleep(9 * time.Second)
			_ = c.WriteContinuation(1, false, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				failed := make(chan error, 1)
				s := NewServer(ServerOptions{Header: 10 * time.Second, Idle: time.Hour, Handler: http.NotFoundHandler(), Failed: func(_ net.Addr, err error) { failed <- err }})
				c, served := pipe(t, s)
				begun := time.Now()
				begin(c)
				if name == "half a head later" {
					begun = begun.Add(20 * time.Second)
				}
				go c.goAways(true)
				if err := <-failed; err == nil {
					t.Error("nothing was reported")
				}
				_ = c.nc.Close()
				<-served
				if took := time.Since(begun); took < 10*time.Second || took > 10*time.Second+lingering {
					t.Errorf("it took %v", took)
				}
				_ = s.Close()
			})
		})
	}
}

// half sends the first part of a header block.
func (c *raw) half() {
	_ = c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.encode(get)[:2], EndStream: true})
}

func TestClosingEndsConnections(t *testing.T) {
	var closing atomic.Bool
	r := start(t, ServerOptions{Closing: closing.Load, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})})
	c := r.dial()
	c.open(1, true, get)
	if a := c.answer(1); a.goAway != nil {
		t.Errorf("got %+v", a)
	}
	closing.Store(true)
	c.open(3, true, get)
	if lasts, _ := c.goAways(true); len(lasts) != 2 || lasts[0] != maxWindow || lasts[1] != 3 {
		t.Errorf("got %v", lasts)
	}
	c = r.dial()
	if lasts, _ := c.goAways(true); len(lasts) != 2 || lasts[0] != maxWindow || lasts[1] != 0 {
		t.Errorf("a new connection got %v", lasts)
	}
}

// net/http's client takes its requests elsewhere without losing one.
func TestNoRequestIsLostByGoAway(t *testing.T) {
	noLeaks(t)
	r := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	client := r.client()
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		for range 20 {
			time.Sleep(10 * time.Millisecond)
			r.GoAway()
		}
	}()
	for n := 0; ; n++ {
		res, err := client.Post(r.url("/"), "", http.NoBody)
		if err != nil {
			t.Fatalf("request %d: %v", n, err)
		}
		_, err = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		if err != nil {
			t.Fatalf("request %d: %v", n, err)
		}
		select {
		case <-stop:
			return
		default:
		}
	}
}

func TestGoAwayDoesNotComeBeforeTheSettings(t *testing.T) {
	s := NewServer(ServerOptions{Handler: http.NotFoundHandler()})
	defer func() { _ = s.Close() }()
	near, far := net.Pipe()
	defer func() { _ = near.Close() }()
	c := newConn(s, far, nil)
	c.goAway()
	go c.serve()
	r := newRaw(t, near)
	if f, err := r.ReadFrame(); err != nil || f.Header().Type != http2.FrameSettings {
		t.Errorf("first came %v, %v", f, err)
	}
}

// halfConn is a connection whose sending side can be closed.
type halfConn struct {
	net.Conn
	closed atomic.Bool
}

func (h *halfConn) CloseWrite() error {
	h.closed.Store(true)
	return nil
}

func (h *halfConn) Write(p []byte) (int, error) {
	if h.closed.Load() {
		return 0, net.ErrClosed
	}
	return h.Conn.Write(p)
}

func TestLastWordIsNotCutOffByTheEnd(t *testing.T) {
	s := NewServer(ServerOptions{Handler: http.NotFoundHandler()})
	defer func() { _ = s.Close() }()
	near, far := net.Pipe()
	go s.ServeConn(&halfConn{Conn: far}, nil) // Close ends it
	c := newRaw(t, near)
	c.greet()
	_ = c.WriteData(0, false, nil) // a fault, while the server still writes
	time.Sleep(10 * time.Millisecond)
	if _, codes := c.goAways(false); len(codes) != 1 || codes[0] != http2.ErrCodeProtocol {
		t.Errorf("got %v", codes)
	}
}

func TestFramesThatComeTogether(t *testing.T) {
	c := serve(t, echo).dial(http2.Setting{ID: http2.SettingInitialWindowSize, Val: maxWindow})
	_ = c.WriteWindowUpdate(0, maxWindow-initialWindow)
	size := maxFrame - 1
	c.open(1, false, post)
	var frames []byte
	for i := range 12 {
		h := frameHead{length: size - i, kind: 0xbe}
		if i%2 == 0 {
			h = frameHead{length: size - i, kind: http2.FrameData, stream: 1}
		}
		frames = append(h.append(frames), bytes.Repeat([]byte{byte('a' + i)}, size-i)...)
	}
	frames = frameHead{kind: http2.FrameData, stream: 1, flags: http2.FlagDataEndStream}.append(frames)
	if _, err := c.nc.Write(frames); err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for i := 0; i < 12; i += 2 {
		want.WriteString(strings.Repeat(string(rune('a'+i)), size-i))
	}
	if a := c.answer(1); !strings.HasPrefix(a.body, want.String()+"|<nil>") {
		t.Errorf("got %d bytes: %+v", len(a.body), a.gone)
	}
}
