package http1

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// tally counts what goes through a connection.
type tally struct {
	net.Conn
	writes atomic.Int64
}

func (c *tally) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// ending returns io.EOF with its last bytes, as the body of a request does
// that came in one piece.
type ending struct{ text string }

func (e *ending) Read(p []byte) (int, error) {
	n := copy(p, e.text)
	if e.text = e.text[n:]; e.text == "" {
		return n, io.EOF
	}
	return n, nil
}

func TestASmallRequestIsOneWrite(t *testing.T) {
	for name, tc := range map[string]struct {
		length int64
		body   io.Reader
	}{
		"without a body": {},
		"length":         {5, strings.NewReader("hello")},
		"chunked":        {-1, &ending{"hello"}},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := tcpPair(t)
			counted := &tally{Conn: near}
			c, s := NewClientConn(counted), newScript(far)
			got := make(chan string, 1)
			go func() {
				_, body := s.request()
				s.say(ok + "Content-Length: 0\r\n\r\n")
				got <- body
			}()
			body := tc.body
			if body != nil {
				r, _ := NewSpool(body, 64<<10).Attempt()
				body = r
			}
			if _, _, err := fetch(c, &Exchange{Request: request(t, http.MethodPost, tc.length), Body: body}); err != nil {
				t.Fatal(err)
			}
			if body := <-got; (body == "hello") != (tc.body != nil) {
				t.Errorf("the server got %q", body)
			}
			if n := counted.writes.Load(); n != 1 || !c.Reusable() {
				t.Errorf("%d writes, reusable %v", n, c.Reusable())
			}
		})
	}
}

func TestAHeadDoesNotWaitForASlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		c := newServer(t, func(s *server) {
			s.head()
			if took := time.Since(began); took != headPatience {
				t.Errorf("the head took %v", took)
			}
			s.say("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
		})
		body := newGate(io.EOF)
		defer close(body.parts)
		res, text, err := fetch(c, &Exchange{Request: request(t, http.MethodPost, 5), Body: body, Response: time.Second})
		if err != nil || res.StatusCode != http.StatusUnauthorized || text != "no" || c.Reusable() {
			t.Errorf("%q, %v, reusable %v", text, err, c.Reusable())
		}
	})
}

func TestALargeHeadGoesBeforeTheBody(t *testing.T) {
	r := request(t, http.MethodPost, 5)
	r.Header.Set("Large", strings.Repeat("x", joinedHead))
	got := make(chan string, 1)
	c := newServer(t, func(s *server) {
		r, body := s.request()
		got <- r.Header.Get("Large") + body
		s.say(ok + "Content-Length: 0\r\n\r\n")
	})
	if _, _, err := fetch(c, &Exchange{Request: r, Body: strings.NewReader("hello")}); err != nil {
		t.Fatal(err)
	}
	if text := <-got; text != r.Header.Get("Large")+"hello" {
		t.Errorf("%d bytes arrived", len(text))
	}
}

// held is a body that says when it is read for the second time, and then waits.
type held struct {
	n           int
	asked, goOn chan struct{}
}

func (h *held) Read(p []byte) (int, error) {
	if h.n++; h.n == 1 {
		return copy(p, "abc"), nil
	}
	close(h.asked)
	<-h.goOn
	return 0, io.EOF
}

// The request belongs to the caller again once RoundTrip has failed, though
// the client's body is still being read. The race detector is the judge.
func TestAnExchangeThatHasFailedUsesNothingMore(t *testing.T) {
	body := &held{asked: make(chan struct{}), goOn: make(chan struct{})}
	c := newServer(t, func(s *server) {
		s.head()
		<-body.asked
		_ = s.Close()
	})
	r := request(t, http.MethodPost, -1)
	r.Trailer = http.Header{"Sum": nil}
	x := &Exchange{Request: r, Body: body}
	mustFail(t, c, x)
	close(body.goOn)
	for range 1000 {
		r.Trailer["Sum"] = []string{"7"}
		x.Body = nil
	}
}

// What is there before anything was sent is no answer, whatever it says.
func TestAnAnswerToNothingIsNotTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := make(chan string, 1)
		c := newServer(t, func(s *server) {
			s.say("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
			got <- s.drain()
		})
		body := newGate(io.EOF)
		defer close(body.parts)
		e := mustFail(t, c, &Exchange{Request: request(t, http.MethodPost, 5), Body: body})
		if e.Seen || e.Sent || !e.Unprocessed || !errors.Is(e, errUnasked) {
			t.Errorf("got %+v", e)
		}
		if text := <-got; text != "" {
			t.Errorf("the server got %q", text)
		}
	})
}
