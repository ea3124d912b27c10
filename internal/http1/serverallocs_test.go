//go:build !race

package http1

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// scripted is a connection whose far side is moved by hand: each Read gives one
// request, and waits for the next.
type scripted struct {
	reel
	requests, answers chan struct{}
}

func (s *scripted) Read(p []byte) (int, error) {
	if _, ok := <-s.requests; !ok {
		return 0, io.EOF
	}
	return copy(p, benchGet), nil
}

func (s *scripted) Write(p []byte) (int, error) {
	s.answers <- struct{}{}
	return len(p), nil
}

// A request that stays on its connection costs one string, of which all others
// are pieces.
func TestAKeptRequestAllocatesItsHeadAlone(t *testing.T) {
	s := NewServer(ServerOptions{Handler: http.HandlerFunc(benchHandler), Idle: time.Minute, Header: time.Minute, Write: time.Minute})
	c := &scripted{requests: make(chan struct{}), answers: make(chan struct{})}
	done := make(chan struct{})
	go func() { s.ServeConn(c, nil); close(done) }()
	ask := func() {
		c.requests <- struct{}{}
		<-c.answers
	}
	ask()
	// Now and then the collector empties the pools.
	if n := testing.AllocsPerRun(1000, ask); n > 1.5 {
		t.Errorf("a request costs %v allocations", n)
	}
	close(c.requests)
	<-done
}

func TestAKeptRequestOverTCPAllocatesItsHeadAlone(t *testing.T) {
	f := handle(t, benchHandler)
	c, err := net.Dial("tcp", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	send, buf := []byte(benchGet), make([]byte, 4<<10)
	ask := func() {
		_, _ = c.Write(send)
		if _, err := c.Read(buf); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	if n := testing.AllocsPerRun(1000, ask); n > 1.5 {
		t.Errorf("a request costs %v allocations", n)
	}
}
