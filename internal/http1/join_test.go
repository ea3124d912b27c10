package http1

import (
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// slowEnd is a connection whose last write takes its time to fail.
type slowEnd struct {
	net.Conn
	writing atomic.Bool
}

func (c *slowEnd) Write(p []byte) (int, error) {
	c.writing.Store(true)
	defer c.writing.Store(false)
	n, err := c.Conn.Write(p)
	if err != nil {
		time.Sleep(20 * time.Millisecond)
	}
	return n, err
}

// When RoundTrip has failed, or the body is closed, nobody writes any more.
func TestAWriteUnderWayIsWaitedFor(t *testing.T) {
	for name, answer := range map[string]string{
		"no answer":    "",
		"early answer": ok + "Content-Length: 9\r\n\r\n",
		"whole answer": ok + "Content-Length: 0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			near, far := net.Pipe()
			defer func() { _ = far.Close() }()
			slow := &slowEnd{Conn: near}
			c, s := NewClientConn(slow), newScript(far)
			go func() {
				s.head()
				s.say(answer)
			}()
			if answer == "" {
				time.AfterFunc(20*time.Millisecond, func() { c.Abort(errTest) })
			}
			body := io.LimitReader(zeros{}, 1<<20)
			res, err := c.RoundTrip(&Exchange{Request: request(t, http.MethodPost, 1<<20), Body: body})
			if err == nil {
				_ = res.Body.Close()
			}
			if slow.writing.Load() {
				t.Error("it is being written to still")
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
