package http1

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

func TestAbortEndsAnExchangeAtAnyPhase(t *testing.T) {
	head := ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nab"
	for _, tc := range []struct {
		name   string
		script func(s *server)
		post   bool
		phase  Phase
		seen   bool
	}{
		{"writing the head", func(s *server) { _, _ = s.Read(make([]byte, 5)) }, false, PhaseWrite, false},
		{"writing the body", func(s *server) { s.head() }, true, PhaseWait, false},
		{"waiting", func(s *server) { s.drain() }, false, PhaseWait, false},
		{"reading the head", func(s *server) { s.head(); s.say(head[:20]); s.drain() }, false, PhaseHead, true},
		{"after a 103", func(s *server) { s.head(); s.say("HTTP/1.1 103 x\r\n\r\n"); s.drain() }, false, PhaseWait, true},
		{"reading the body", func(s *server) { s.head(); s.say(head); s.drain() }, false, PhaseBody, true},
		{"reading and writing bodies", func(s *server) { s.head(); s.say(head) }, true, PhaseBody, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newServer(t, tc.script)
				x := &Exchange{
					Request: get(t), Suspect: time.Minute, OnSuspect: func() time.Duration { return 0 }, Response: time.Hour, BodyIdle: 3 * time.Hour,
				}
				if tc.post {
					x.Request, x.Body = request(t, "POST", -1), bytes.NewReader(make([]byte, 1<<20))
				}
				began := time.Now()
				timer := time.AfterFunc(time.Second, func() { c.Abort(errTest) })
				defer timer.Stop()
				_, _, err := fetch(c, x)
				if err == nil {
					t.Fatal("the exchange went on")
				}
				e := asError(t, err)
				if !errors.Is(e, errTest) || e.Phase != tc.phase || e.Seen != tc.seen || !e.Sent || e.Timeout || e.Unprocessed {
					t.Errorf("got %+v", e)
				}
				if time.Since(began) != time.Second || c.Reusable() || c.Alive() {
					t.Errorf("after %v, reusable %v", time.Since(began), c.Reusable())
				}
			})
		})
	}
}

func TestTheContextsEndEndsAnExchange(t *testing.T) {
	for _, name := range []string{"waiting", "body"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newServer(t, func(s *server) {
					s.head()
					if name == "body" {
						s.say(ok + "Content-Length: 5\r\n\r\na")
					}
					s.drain()
				})
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Second, func() { cancel(errTest) })
				_, _, err := fetch(c, &Exchange{Request: get(t).WithContext(ctx)})
				if err == nil || !errors.Is(asError(t, err), errTest) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestAContextThatEndsAfterTheExchangeTouchesNothing(t *testing.T) {
	c := newServer(t, func(s *server) {
		for r, _ := s.request(); r != nil; r, _ = s.request() {
			s.say(ok + "Content-Length: 2\r\n\r\nhi")
		}
	})
	for range 100 {
		ctx, cancel := context.WithCancel(t.Context())
		_, _, err := fetch(c, &Exchange{Request: get(t).WithContext(ctx)})
		cancel()
		if err != nil || !c.Reusable() {
			t.Fatalf("%v, reusable %v", err, c.Reusable())
		}
	}
}

// The end of the context, seen too late to be called off, would cut the next
// exchange.
func TestAContextThatEndsWithTheAnswerCostsTheConnection(t *testing.T) {
	c := newServer(t, func(s *server) {
		s.request()
		s.say(ok+"Content-Length: 2\r\n\r\n", "hi")
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	res, err := c.RoundTrip(&Exchange{Request: get(t).WithContext(ctx)})
	if err != nil {
		t.Fatal(err)
	}
	x := res.Body.(*body).x
	callOff := x.unhook
	x.unhook = func() bool { _ = callOff(); return false } // as if it had begun
	if b, err := io.ReadAll(res.Body); err != nil || string(b) != "hi" || c.Reusable() {
		t.Errorf("%q, %v, reusable %v", b, err, c.Reusable())
	}
}

func TestAnAbortBeforeTheExchangeSendsNothing(t *testing.T) {
	c := newServer(t, func(s *server) { s.drain() })
	c.Abort(errTest)
	body := &closing{}
	e := mustFail(t, c, &Exchange{Request: request(t, "POST", 1), Body: body})
	if e.Sent || !errors.Is(e, errTest) || body.closed != 1 {
		t.Errorf("got %+v, body closed %d times", e, body.closed)
	}
}

func TestTheFirstCauseOfAnAbortCounts(t *testing.T) {
	c := newServer(t, func(s *server) { s.drain() })
	c.Abort(nil)
	c.Abort(errTest)
	if e := mustFail(t, c, &Exchange{Request: get(t)}); !errors.Is(e, ErrClosed) {
		t.Errorf("got %+v", e)
	}
}

func TestCloseEndsAnExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t, func(s *server) { s.drain() })
		time.AfterFunc(time.Second, func() { _ = c.Close() })
		if e := mustFail(t, c, &Exchange{Request: get(t)}); !errors.Is(e, ErrClosed) {
			t.Errorf("got %+v", e)
		}
	})
}

func TestNothingUndoesAnAbort(t *testing.T) {
	near, far := tcpPair(t)
	c, _ := warm(t, near, far)
	c.Abort(errTest)
	c.setReadDeadline(noDeadline)
	c.pushWriteDeadline(time.Hour)
	c.clearWriteDeadline()
	if _, err := near.Read(make([]byte, 1)); !isTimeout(err) {
		t.Errorf("reading: %v", err)
	}
	if _, err := near.Write([]byte("x")); !isTimeout(err) {
		t.Errorf("writing: %v", err)
	}
	if c.rest() {
		t.Error("it rests")
	}
}
