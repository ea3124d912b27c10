package http1

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// front is a Server behind a listener on loopback, for as long as a test runs.
type front struct {
	*Server
	t    testing.TB
	addr string
}

func newFront(t testing.TB, o ServerOptions) *front {
	t.Helper()
	return frontOf(t, NewServer(o))
}

func frontOf(t testing.TB, s *Server) *front {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &front{Server: s, t: t, addr: l.Addr().String()}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { f.ServeConn(nc, nil) })
		}
	})
	t.Cleanup(func() {
		_, _ = l.Close(), f.Close()
		wg.Wait()
	})
	return f
}

// handle is a front for a handler and nothing else.
func handle(t testing.TB, h http.HandlerFunc) *front {
	t.Helper()
	return newFront(t, ServerOptions{Handler: h})
}

// caller is a client that writes bytes and reads answers, for 20 seconds at most.
type caller struct {
	*net.TCPConn
	t  testing.TB
	br *bufio.Reader
}

func (f *front) call() *caller {
	f.t.Helper()
	nc, err := net.Dial("tcp", f.addr)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	return &caller{TCPConn: nc.(*net.TCPConn), t: f.t, br: bufio.NewReader(nc)}
}

func (c *caller) say(parts ...string) {
	c.t.Helper()
	for _, p := range parts {
		if _, err := io.WriteString(c, p); err != nil {
			c.t.Fatal(err)
		}
	}
}

// hear reads the answer to a request of that method, with its body.
func (c *caller) hear(method string) (*http.Response, string) {
	c.t.Helper()
	res, err := http.ReadResponse(c.br, &http.Request{Method: method})
	if err != nil {
		c.t.Fatalf("reading the answer: %v", err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatalf("reading the answer's body after %q: %v", body, err)
	}
	return res, string(body)
}

// expect reads until want has come.
func (c *caller) expect(want string) {
	c.t.Helper()
	var got []byte
	for !strings.Contains(string(got), want) {
		b, err := c.br.ReadByte()
		if err != nil {
			c.t.Fatalf("waiting for %q after %q: %v", want, got, err)
		}
		got = append(got, b)
	}
}

// ends reads to the end of the connection.
func (c *caller) ends() string {
	c.t.Helper()
	all, err := io.ReadAll(c.br)
	if err != nil {
		c.t.Fatalf("the connection does not end well after %q: %v", all, err)
	}
	return string(all)
}

// exchange sends bytes on a connection of their own and returns all that comes.
func (f *front) exchange(send string) string {
	f.t.Helper()
	c := f.call()
	c.say(send)
	_ = c.CloseWrite()
	return c.ends()
}

// echo answers with what it was asked.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var b strings.Builder
	_ = r.Header.Write(&b)
	_, _ = io.WriteString(w, r.Method+" "+r.RequestURI+" "+r.Host+"\n"+b.String()+string(body))
}

func within(t testing.TB, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("waiting for %s took too long", what)
		case <-time.After(time.Millisecond):
		}
	}
}
