package proxytest

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Faulty is a backend that breaks off what it is asked to do.
type Faulty struct {
	// Addr is where it listens, host:port.
	Addr string
	// Accepted counts the connections that reached it.
	Accepted atomic.Int64
	// Read counts the requests of which it read head and body.
	Read atomic.Int64

	l      net.Listener
	served sync.WaitGroup
	mu     sync.Mutex // guards conns
	conns  map[net.Conn]bool
}

// Refusing returns an address at which every connection is refused.
func Refusing(t testing.TB) string {
	t.Helper()
	return FreeAddr(t)
}

// AcceptAndClose closes every connection before it read a byte.
func AcceptAndClose(t testing.TB) *Faulty {
	t.Helper()
	return faulty(t, func(*Faulty, net.Conn) {})
}

// ReadAndClose reads head and body of a request and closes without an answer.
func ReadAndClose(t testing.TB) *Faulty {
	t.Helper()
	return faulty(t, func(f *Faulty, c net.Conn) { f.readRequest(c) })
}

// HalfHeader reads a request, answers with half a head and closes.
func HalfHeader(t testing.TB) *Faulty {
	t.Helper()
	return AnswerAndClose(t, "HTTP/1.1 200 OK\r\nContent-Type: te")
}

// AnswerAndClose reads a request, answers with raw as it stands, and closes.
func AnswerAndClose(t testing.TB, raw string) *Faulty {
	t.Helper()
	return faulty(t, func(f *Faulty, c net.Conn) {
		f.readRequest(c)
		_, _ = c.Write([]byte(raw)) // a client that left is no fault here
	})
}

// Silent reads a request and never answers.
func Silent(t testing.TB) *Faulty {
	t.Helper()
	return faulty(t, func(f *Faulty, c net.Conn) {
		f.readRequest(c)
		_, _ = c.Read(make([]byte, 1)) // until somebody closes
	})
}

// Frozen never accepts: the kernel takes connections and bytes, and nobody
// reads them, as with a stopped process.
func Frozen(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("starting a frozen backend: %v", err)
	}
	t.Cleanup(func() { _ = l.Close() }) // nothing was ever accepted
	return l.Addr().String()
}

// ClosesIdle is an HTTP server that closes a connection which was idle for d.
func ClosesIdle(t testing.TB, d time.Duration, h http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("starting a backend: %v", err)
	}
	s := &http.Server{Handler: h, IdleTimeout: d, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l) // ends with ErrServerClosed
	}()
	t.Cleanup(func() {
		_ = s.Shutdown(context.WithoutCancel(t.Context())) // the listener may be closed
		<-done
	})
	return l.Addr().String()
}

// Close ends the backend and its connections, and waits for them.
func (f *Faulty) Close() {
	_ = f.l.Close() // it may be closed already
	f.mu.Lock()
	for c := range f.conns {
		_ = c.Close() // its reader sees it
	}
	f.mu.Unlock()
	f.served.Wait()
}

func (f *Faulty) readRequest(c net.Conn) {
	rec := Recorded{}
	s := &strictReader{src: bufio.NewReader(c), rec: &rec}
	if s.head() == nil && s.body() == nil {
		f.Read.Add(1)
	}
}

func faulty(t testing.TB, serve func(*Faulty, net.Conn)) *Faulty {
	t.Helper()
	// A port that nobody else is given when this backend is closed before the
	// test is over.
	l := Listen(t)
	f := &Faulty{Addr: l.Addr().String(), l: l, conns: map[net.Conn]bool{}}
	f.served.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.Accepted.Add(1)
			f.mu.Lock()
			f.conns[c] = true
			f.mu.Unlock()
			f.served.Go(func() {
				serve(f, c)
				_ = c.Close() // the peer may have closed it
				f.mu.Lock()
				delete(f.conns, c)
				f.mu.Unlock()
			})
		}
	})
	t.Cleanup(f.Close)
	return f
}
