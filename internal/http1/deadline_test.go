package http1

import (
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// timers counts how often a deadline is set.
type timers struct {
	net.Conn
	set atomic.Int64
}

func (c *timers) SetDeadline(t time.Time) error {
	c.set.Add(1)
	return c.Conn.SetDeadline(t)
}

func (c *timers) SetReadDeadline(t time.Time) error {
	c.set.Add(1)
	return c.Conn.SetReadDeadline(t)
}

func (c *timers) SetWriteDeadline(t time.Time) error {
	c.set.Add(1)
	return c.Conn.SetWriteDeadline(t)
}

func TestExchangesThatFollowShareTheirDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer func() { _ = far.Close() }()
		counted := &timers{Conn: near}
		c, s := NewClientConn(counted), newScript(far)
		defer func() { _ = c.Close() }()
		go func() {
			for {
				if r, _ := s.request(); r == nil {
					return
				}
				s.say(ok + "Content-Length: 2\r\n\r\nhi")
			}
		}()
		x := Exchange{Request: request(t, http.MethodPost, 5), Suspect: time.Second, Response: time.Minute, BodyIdle: time.Minute}
		for range 100 {
			x.Body = strings.NewReader("hello")
			if _, _, err := fetch(c, &x); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond) // 2,5 s are not up
		}
		if n := counted.set.Load(); n > 60 {
			t.Errorf("%d deadlines for 100 exchanges", n)
		}
	})
}

// A write whose moment has passed must not be held to an exchange before.
func TestADeadlineThatWasSetForAnotherIsPutRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer func() { _ = far.Close() }()
		c, s := NewClientConn(near), newScript(far)
		defer func() { _ = c.Close() }()
		go func() {
			for {
				if r, _ := s.request(); r == nil {
					return
				}
				time.Sleep(3 * time.Second)
				s.say(ok + "Content-Length: 2\r\n\r\n")
				time.Sleep(3 * time.Second)
				s.say("hi")
			}
		}()
		for _, limit := range []time.Duration{time.Minute, 4 * time.Second, 0, 4 * time.Second, time.Hour} {
			suspected := 0
			began := time.Now()
			_, body, err := fetch(c, &Exchange{
				Request: get(t), Suspect: time.Second, OnSuspect: func() time.Duration { suspected++; return 0 }, Response: limit, BodyIdle: limit,
			})
			if err != nil || body != "hi" || suspected != 1 || time.Since(began) != 6*time.Second {
				t.Errorf("limit %v: %q, %v, suspected %d times, after %v", limit, body, err, suspected, time.Since(began))
			}
			time.Sleep(10 * time.Second) // all that was set is over
		}
	})
}
