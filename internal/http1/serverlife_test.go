package http1

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// piped runs a test with a client and a server over a pipe, in fake time.
func piped(t *testing.T, o ServerOptions, client func(t *testing.T, c net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			NewServer(o).ServeConn(far, nil)
		}()
		client(t, near)
		_ = near.Close()
		<-done
	})
}

// closesAfter checks that the other side closes the connection after d.
func closesAfter(t *testing.T, c net.Conn, d time.Duration) {
	t.Helper()
	began := time.Now()
	if all, err := io.ReadAll(c); err != nil || len(all) > 0 {
		t.Errorf("got %q, %v; want the end", all, err)
	}
	if took := time.Since(began); took < d || took > d+d/4 {
		t.Errorf("it ended after %v, want %v", took, d)
	}
}

var hello = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })

// asked sends a request and reads the answer to its end.
func asked(t *testing.T, c net.Conn) {
	t.Helper()
	_, _ = io.WriteString(c, get11)
	p := make([]byte, 1000)
	if n, err := c.Read(p); err != nil || !strings.HasSuffix(string(p[:n]), "hello") {
		t.Fatalf("got %q, %v", p[:n], err)
	}
}

func TestAnIdleConnectionIsClosedInTime(t *testing.T) {
	piped(t, ServerOptions{Handler: hello, Idle: time.Minute, Header: 10 * time.Second}, func(t *testing.T, c net.Conn) {
		for range 5 {
			asked(t, c)
			time.Sleep(50 * time.Second)
		}
		asked(t, c)
		closesAfter(t, c, time.Minute)
	})
}

func TestANewConnectionThatSaysNothingIsClosedWithoutAWord(t *testing.T) {
	refused := false
	o := ServerOptions{Handler: hello, Idle: time.Minute, Header: 10 * time.Second, Refused: func(*Refused) { refused = true }}
	piped(t, o, func(t *testing.T, c net.Conn) { closesAfter(t, c, 10*time.Second) })
	if refused {
		t.Error("it was reported")
	}
}

func TestASlowHeadIsRefusedInTime(t *testing.T) {
	for _, first := range []bool{true, false} {
		var refused []Refused
		o := ServerOptions{
			Handler: hello, Idle: time.Minute, Header: 10 * time.Second, Write: time.Minute,
			Refused: func(r *Refused) { refused = append(refused, *r) },
		}
		piped(t, o, func(t *testing.T, c net.Conn) {
			if !first {
				asked(t, c)
			}
			time.Sleep(2 * time.Second)
			began := time.Now()
			var slow sync.WaitGroup
			slow.Go(func() {
				for _, b := range []byte(get11) {
					if _, err := c.Write([]byte{b}); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			})
			all, err := io.ReadAll(c)
			took := time.Since(began)
			slow.Wait()
			want := 10 * time.Second
			if first {
				want = 8 * time.Second // from the connection's beginning
			}
			if !strings.HasPrefix(string(all), "HTTP/1.1 408 Request Timeout\r\n") || took < want || took > want+time.Second {
				t.Errorf("after %v, want %v: %q, %v", took, want, all, err)
			}
		})
		if len(refused) != 1 || refused[0].Status != 408 || refused[0].Method != "" && refused[0].Method != "GET" {
			t.Errorf("reported %+v", refused)
		}
	}
}

func TestALimitOfZeroIsNone(t *testing.T) {
	piped(t, ServerOptions{Handler: hello}, func(t *testing.T, c net.Conn) {
		time.Sleep(24 * time.Hour)
		asked(t, c)
		time.Sleep(24 * time.Hour)
		_, _ = io.WriteString(c, get11[:10])
		time.Sleep(24 * time.Hour)
		_, _ = io.WriteString(c, get11[10:])
		p := make([]byte, 1000)
		if n, err := c.Read(p); err != nil || !strings.HasSuffix(string(p[:n]), "hello") {
			t.Errorf("got %q, %v", p[:n], err)
		}
	})
}

// A deadline that a handler leaves behind must not hit the next request.
func TestAHandlersReadDeadlineEndsWithIt(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Second))
		hello(w, r)
	}
	piped(t, ServerOptions{Handler: http.HandlerFunc(h), Idle: time.Minute}, func(t *testing.T, c net.Conn) {
		for range 3 {
			asked(t, c)
			time.Sleep(30 * time.Second)
		}
		asked(t, c)
		closesAfter(t, c, time.Minute)
	})
}

func TestExpectIsAnsweredWhenTheBodyIsWanted(t *testing.T) {
	const ask = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n"
	for _, tc := range []struct {
		name, send, want string
		h                http.HandlerFunc
	}{
		{"read", ask + "hello", "HTTP/1.1 100 Continue||HTTP/1.1 200 OK|Content-Length: 5||hello", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(w, r.Body)
		}},
		{"read after the answer has begun", ask + "hello", "HTTP/1.1 200 OK|Connection: close|Transfer-Encoding: chunked||5\r\nhello\r\n0\r\n\r\n", func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			_, _ = io.Copy(w, r.Body)
		}},
		{"not read", ask, "HTTP/1.1 403 Forbidden|Connection: close|Content-Length: 0||", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(403) }},
		{"said, and read", ask + "hello", "HTTP/1.1 100 Continue||HTTP/1.1 200 OK|Content-Length: 5||hello", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(100)
			_, _ = io.Copy(w, r.Body)
		}},
		{"read elsewhere", ask + "hello", "HTTP/1.1 100 Continue||HTTP/1.1 200 OK|Content-Length: 5||hello", func(w http.ResponseWriter, r *http.Request) {
			read := make(chan []byte)
			go func() {
				b, _ := io.ReadAll(r.Body)
				read <- b
			}()
			_, _ = w.Write(<-read)
		}},
		{"HTTP/1.0", strings.Replace(ask, "1.1", "1.0", 1) + "hello", "HTTP/1.0 200 OK|Connection: close|Content-Length: 5||hello", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(w, r.Body)
		}},
		{"no body", strings.Replace(ask, "5", "0", 1), "HTTP/1.1 200 OK|Content-Length: 0||", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(w, r.Body)
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := inOrder(handle(t, tc.h).exchange(tc.send)); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestARefusalReachesAClientThatStillSends(t *testing.T) {
	f, _ := limited(t, echo)
	c := f.call()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = io.WriteString(c, srvGet)
		line := []byte("X-A: " + strings.Repeat("b", 1000) + "\r\n")
		for range 200 { // below what is read before the reset
			if _, err := c.Write(line); err != nil {
				return
			}
		}
	}()
	res, body := c.hear("GET")
	if res.StatusCode != 431 || body == "" {
		t.Errorf("got %d %q", res.StatusCode, body)
	}
	<-sent
	_ = c.CloseWrite()
	if rest := c.ends(); rest != "" {
		t.Errorf("then %q", rest)
	}
}

func TestLingeringEnds(t *testing.T) {
	f, _ := limited(t, echo)
	for _, drip := range []bool{true, false} {
		c := f.call()
		c.say("BAD\r\n")
		res, _ := c.hear("GET")
		began := time.Now()
		for drip && time.Since(began) < 10*time.Second { // until it is reset
			if _, err := c.Write([]byte("x")); err != nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		within(t, "the end", func() bool {
			f.connMu.Lock()
			defer f.connMu.Unlock()
			return len(f.conns) == 0
		})
		if took := time.Since(began); res.StatusCode != 400 || drip && took < lingerTime/2 {
			t.Errorf("it ended after %v", took)
		}
	}
}

func TestLingeringIsBounded(t *testing.T) {
	piped(t, ServerOptions{Handler: hello}, func(t *testing.T, c net.Conn) {
		_, _ = io.WriteString(c, "BAD\r\n")
		if n, err := c.Read(make([]byte, 1000)); n == 0 || err != nil {
			t.Fatalf("no answer: %v", err)
		}
		began, n := time.Now(), 0
		for n < 10<<20 {
			m, err := c.Write(make([]byte, 1000))
			if n += m; err != nil {
				break
			}
		}
		if n < lingerSize/2 || n > lingerSize+inSize || time.Since(began) > 0 {
			t.Errorf("it ended after %d bytes and %v", n, time.Since(began))
		}
	})
}

func TestAPanicCutsTheConnection(t *testing.T) {
	for _, tc := range []struct {
		name, send, want string
		reset            bool
		h                http.HandlerFunc
	}{
		{"before the answer", get11, "", false, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("x")) }},
		{"chunked", get11, "HTTP/1.1 200 OK|Transfer-Encoding: chunked||2\r\nab\r\n2\r\ncd\r\n", false, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("ab"))
			w.(http.Flusher).Flush()
			_, _ = w.Write([]byte("cd"))
		}},
		{"announced", get11, "HTTP/1.1 200 OK|Content-Length: 5||ab", false, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5")
			_, _ = w.Write([]byte("ab"))
		}},
		{"to the end of the connection", get10, "", true, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("ab"))
			w.(http.Flusher).Flush()
		}},
	} {
		for _, v := range []any{errors.New("the test's panic"), http.ErrAbortHandler, "text"} {
			t.Run(fmt.Sprintf("%s, %v", tc.name, v), func(t *testing.T) {
				var heard atomic.Int32
				f := newFront(t, ServerOptions{
					Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						tc.h(w, r)
						panic(v)
					}),
					Panicked: func(got any, stack []byte) {
						if got != v || !bytes.Contains(stack, []byte("TestAPanicCuts")) {
							t.Errorf("heard of %v", got)
						}
						heard.Add(1)
					},
				})
				c := f.call()
				c.say(tc.send + get11)
				all, err := io.ReadAll(c.br)
				if tc.reset {
					if err == nil {
						t.Errorf("got %q and a clean end", all)
					}
				} else if got := inOrder(string(all)); err != nil || len(all) > 0 && got != tc.want || len(all) == 0 && tc.want != "" {
					t.Errorf("got %q, %v", got, err)
				}
				want := int32(1)
				if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					want = 0
				}
				if heard.Load() != want {
					t.Errorf("heard %d times", heard.Load())
				}
			})
		}
	}
}

func TestAHandlerThatEndsItsGoroutineCutsTheConnection(t *testing.T) {
	f := handle(t, func(http.ResponseWriter, *http.Request) { runtime.Goexit() })
	if all := f.exchange(get11); all != "" {
		t.Errorf("got %q", all)
	}
}

func TestShutdownClosesIdleConnectionsAndWaitsForTheOthers(t *testing.T) {
	under, goOn := make(chan struct{}), make(chan struct{})
	f := handle(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			close(under)
			<-goOn
		}
		hello(w, r)
	})
	fresh, idle, busy := f.call(), f.call(), f.call()
	idle.say(get11)
	idle.hear("GET")
	busy.say("POST / HTTP/1.1\r\nHost: h\r\n\r\n")
	<-under
	within(t, "the connections", func() bool { f.connMu.Lock(); defer f.connMu.Unlock(); return len(f.conns) == 3 })
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Shutdown(over); !errors.Is(err, context.Canceled) {
		t.Errorf("a shutdown without time: %v", err)
	}
	for _, c := range []*caller{fresh, idle} {
		if all := c.ends(); all != "" {
			t.Errorf("got %q", all)
		}
	}
	done := make(chan error)
	go func() { done <- f.Shutdown(context.Background()) }()
	select {
	case <-done:
		t.Fatal("it did not wait")
	case <-time.After(10 * time.Millisecond):
	}
	close(goOn)
	if res, body := busy.hear("POST"); body != "hello" || !res.Close {
		t.Errorf("got %q, closing: %v", body, res.Close)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if all := busy.ends(); all != "" {
		t.Errorf("got %q", all)
	}
	if err := f.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	late := f.call()
	if all := late.ends(); all != "" {
		t.Errorf("a late one got %q", all)
	}
}

func TestCloseCutsEverything(t *testing.T) {
	under := make(chan struct{})
	seen := make(chan error, 1)
	f := handle(t, func(w http.ResponseWriter, r *http.Request) {
		close(under)
		_, err := io.Copy(io.Discard, r.Body)
		seen <- err
	})
	idle, busy := f.call(), f.call()
	busy.say(srvPost + "Content-Length: 5\r\n\r\n")
	<-under
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := <-seen; err == nil {
		t.Error("reading went on")
	}
	for _, c := range []*caller{idle, busy} {
		if all, _ := io.ReadAll(c.br); len(all) > 0 {
			t.Errorf("got %q", all)
		}
	}
}

func TestClosingEndsConnectionsWithTheirAnswer(t *testing.T) {
	var closing atomic.Bool
	f := newFront(t, ServerOptions{Handler: hello, Closing: closing.Load})
	c := f.call()
	c.say(get11)
	if res, _ := c.hear("GET"); res.Close {
		t.Error("it closes already")
	}
	closing.Store(true)
	c.say(get11)
	if res, _ := c.hear("GET"); !res.Close {
		t.Error("it does not say so")
	}
	if all := c.ends(); all != "" {
		t.Errorf("got %q", all)
	}
}

func TestAConnectionIsOneGoroutine(t *testing.T) {
	f := handle(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	})
	const n = 20
	before := 0
	for i := range n + 1 {
		c := f.call()
		for range 2 {
			c.say(srvPost+"Content-Length: 5\r\n\r\nhello", get11)
			c.hear("POST")
			c.hear("GET")
		}
		if i == 0 {
			before = runtime.NumGoroutine()
		}
	}
	// Those of tests before may still be on their way out.
	within(t, "each connection to have one goroutine", func() bool { return runtime.NumGoroutine()-before <= n })
}
