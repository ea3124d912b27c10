package http1

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMain fails the run when a goroutine of this package is left.
func TestMain(m *testing.M) {
	code := m.Run()
	if left := leftovers(); code == 0 && left != "" {
		fmt.Println("goroutines are left:\n" + left)
		code = 1
	}
	os.Exit(code)
}

func leftovers() string {
	buf := make([]byte, 1<<20)
	var left []string
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		left = left[:0]
		for _, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")[1:] {
			if strings.Contains(stack, "sterling/internal/http1.") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 {
			return ""
		}
	}
	return strings.Join(left, "\n\n")
}

// server is the other end of a ClientConn.
type server struct {
	net.Conn
	br   *bufio.Reader
	said string // what the client has said, where a script keeps it
}

// newServer runs script at the other end of a pipe, on which every write
// arrives by itself. The end of the test closes both and waits.
func newServer(t testing.TB, script func(s *server)) *ClientConn {
	t.Helper()
	near, far := net.Pipe()
	c := NewClientConn(near)
	var wg sync.WaitGroup
	wg.Go(func() { script(&server{Conn: far, br: bufio.NewReader(far)}) })
	t.Cleanup(func() {
		_, _ = c.Close(), far.Close()
		wg.Wait()
	})
	return c
}

// head reads a request's head; its bytes are "" at the end.
func (s *server) head() string {
	var all strings.Builder
	for {
		line, err := s.br.ReadString('\n')
		all.WriteString(line)
		if err != nil || line == "\r\n" {
			return all.String()
		}
	}
}

// request reads a whole request; nil: there is none.
func (s *server) request() (*http.Request, string) {
	r, err := http.ReadRequest(s.br)
	if err != nil {
		return nil, ""
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, ""
	}
	return r, string(body)
}

// say writes the parts, one by one. The client may be gone.
func (s *server) say(parts ...string) {
	for _, p := range parts {
		_, _ = io.WriteString(s, p)
	}
}

// drain reads to the end.
func (s *server) drain() string {
	all, _ := io.ReadAll(s.br)
	return string(all)
}

func get(t testing.TB) *http.Request {
	t.Helper()
	return request(t, http.MethodGet, 0)
}

func request(t testing.TB, method string, length int64) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, "http://app.example/a", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = length
	return r
}

// mustFail returns the error of an exchange that has to fail before its body.
func mustFail(t testing.TB, c *ClientConn, x *Exchange) *Error {
	t.Helper()
	res, err := c.RoundTrip(x)
	if err == nil {
		t.Fatalf("the answer was taken: %s", res.Status)
	}
	return asError(t, err)
}

func asError(t testing.TB, err error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("not an *Error: %v", err)
	}
	return e
}

// fetch does an exchange and reads the body.
func fetch(c *ClientConn, x *Exchange) (*http.Response, string, error) {
	res, err := c.RoundTrip(x)
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(res.Body)
	return res, string(body), err
}

// gate is a body that gives what it is sent, and then ends or fails.
type gate struct {
	parts chan string
	err   error
}

func newGate(err error) *gate { return &gate{make(chan string), err} }

func (g *gate) Read(p []byte) (int, error) {
	part, ok := <-g.parts
	if !ok {
		return 0, g.err
	}
	return copy(p, part), nil
}

var errTest = errors.New("the test's own error")
