package http1

import (
	"io"
	"strings"
	"testing"
	"time"
)

// What each way for a server to go proves of a request on an idle connection.
// Before is done before the request is sent, after while the answer is awaited.
var departures = []struct {
	name          string
	before, after func(s *server)
	unprocessed   bool
	timeout       bool
}{
	{name: "closed before", before: func(s *server) { _ = s.Close() }, unprocessed: true},
	{name: "reset before", before: func(s *server) { _ = tcp(s.Conn).SetLinger(0); _ = s.Close() }, unprocessed: true},
	{name: "408 and closed before", before: func(s *server) {
		s.say("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
		_ = s.Close()
	}, unprocessed: true},
	{name: halfClosed, before: func(s *server) { _ = tcp(s.Conn).CloseWrite() }, after: func(s *server) { s.said = s.head() }},
	{name: "read all, closed", after: func(s *server) { s.head(); _ = s.Close() }},
	{name: "read all, reset", after: func(s *server) { s.head(); _ = tcp(s.Conn).SetLinger(0); _ = tcp(s.Conn).Close() }},
	{name: "read a part, closed", after: func(s *server) { _, _ = s.Read(make([]byte, 5)); _ = tcp(s.Conn).Close() }},
	{name: "read nothing, closed", after: func(s *server) { waitReadable(s); _ = tcp(s.Conn).Close() }},
	{name: "frozen", timeout: true},
}

// halfClosed is where the end may be seen before a request with a body is sent.
const halfClosed = "closed one side before, and read"

// waitReadable waits until the kernel has something to read.
func waitReadable(s *server) {
	raw, err := tcp(s.Conn).SyscallConn()
	if err != nil {
		return
	}
	first := true
	_ = raw.Read(func(uintptr) bool { // called again once there is something
		again := first
		first = false
		return !again || !NewClientConn(s.Conn).Alive()
	})
}

func TestOnlyAProofCountsAsUnprocessed(t *testing.T) {
	for name, pair := range pairs {
		for _, tc := range departures {
			for _, body := range []string{"", "hello"} {
				t.Run(name+" "+tc.name+" "+body, func(t *testing.T) {
					near, far := pair(t)
					c, s := warm(t, near, far)
					if tc.before != nil {
						tc.before(s)
					}
					done := make(chan struct{})
					go func() {
						defer close(done)
						if tc.after != nil {
							tc.after(s)
						}
					}()
					x := &Exchange{Request: request(t, "POST", int64(len(body)))}
					if body != "" {
						x.Body = strings.NewReader(body)
					}
					if tc.timeout {
						x.Response = 20 * time.Millisecond
					}
					e := mustFail(t, c, x)
					<-done
					proof := tc.unprocessed || tc.name == halfClosed && s.said == ""
					if e.Unprocessed != proof || e.Seen || e.Timeout != tc.timeout {
						t.Errorf("got %+v", e)
					}
				})
			}
		}
	}
}

// A write that meets the reset takes it off the socket: reading then meets an
// end that looks like a FIN. And a FIN may be followed by a reset, though the
// first part of the request was read.
func TestARequestThatWasReadInPartIsNotRefused(t *testing.T) {
	for name, linger := range map[string]int{"reset": 0, "fin": -1} {
		t.Run(name, func(t *testing.T) {
			near, far := tcpPair(t)
			c, s := warm(t, near, far)
			acked, known := c.acknowledged()
			if _, err := c.write([]byte("POST / HTTP/1.1\r\n\r\n"), 0); err != nil || !known {
				t.Fatal(err, known)
			}
			s.head()
			_ = tcp(s.Conn).SetLinger(linger)
			_ = s.Close()
			_, _ = c.write([]byte("x"), 0) // meets the reset, or brings it about
			c.attend()
			if _, err := c.br.Peek(1); err != io.EOF {
				t.Fatalf("reading met %v", err)
			}
			if _, state, _ := c.tcpInfo(); state != stateClosed {
				t.Fatalf("the socket is in state %d", state)
			}
			if c.refused(acked) {
				t.Error("the request counts as refused")
			}
		})
	}
}

func TestAFreshConnectionProvesNothing(t *testing.T) {
	near, far := tcpPair(t)
	_ = far.Close()
	c := NewClientConn(near)
	if e := mustFail(t, c, &Exchange{Request: get(t)}); e.Unprocessed {
		t.Errorf("got %+v", e)
	}
}

func TestA408ToARequestIsAnAnswer(t *testing.T) {
	near, far := tcpPair(t)
	c, s := warm(t, near, far)
	go func() {
		s.head()
		s.say("HTTP/1.1 408 Request Timeout\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
		_ = s.Close()
	}()
	res, body, err := fetch(c, &Exchange{Request: get(t)})
	if err != nil || res.StatusCode != 408 || body != "no" {
		t.Errorf("%q, %v", body, err)
	}
}

func TestAnIdleConnectionIsAliveWhileNothingComes(t *testing.T) {
	for name, pair := range pairs {
		for event, do := range map[string]func(s *server){
			"nothing": nil,
			"end":     func(s *server) { _ = s.Close() },
			"reset":   func(s *server) { _ = tcp(s.Conn).SetLinger(0); _ = tcp(s.Conn).Close() },
			"data":    func(s *server) { _, _ = io.WriteString(s, "HTTP/1.1 408 Too Late\r\n\r\n") },
		} {
			t.Run(name+" "+event, func(t *testing.T) {
				near, far := pair(t)
				c, s := warm(t, near, far)
				if !c.Alive() {
					t.Fatal("dead before anything happened")
				}
				if do == nil {
					return
				}
				do(s)
				for end := time.Now().Add(5 * time.Second); c.Alive(); {
					if time.Now().After(end) {
						t.Fatal("still alive")
					}
				}
			})
		}
	}
}
