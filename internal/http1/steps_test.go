package http1

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// stepper is a context that may be stepper, and must not be waited for.
type stepper struct {
	context.Context
	t     *testing.T
	began time.Time
	at    []time.Duration
	end   time.Duration // when it has ended
}

func newAsked(t *testing.T, end time.Duration) *stepper {
	return &stepper{Context: t.Context(), t: t, began: time.Now(), end: end}
}

func (a *stepper) Done() <-chan struct{} {
	a.t.Error("somebody waits for the end of a context that can be stepper")
	return nil
}

func (a *stepper) Poll() error {
	a.at = append(a.at, time.Since(a.began))
	if time.Since(a.began) >= a.end {
		return errTest
	}
	return nil
}

func TestAContextIsAskedWhileTheAnswerIsAwaited(t *testing.T) {
	want := []time.Duration{50 * time.Millisecond, 150 * time.Millisecond, 350 * time.Millisecond, 600 * time.Millisecond, 850 * time.Millisecond}
	for name, tc := range map[string]struct {
		say   string
		phase Phase
	}{
		"head":            {"", PhaseWait},
		"rest of a head":  {ok + "Content-Len", PhaseHead},
		"body":            {ok + "Content-Length: 5\r\n\r\n", PhaseBody},
		"chunked body":    {ok + "Transfer-Encoding: chunked\r\n\r\n", PhaseBody},
		"after an answer": {"HTTP/1.1 103 Early Hints\r\n\r\n", PhaseWait},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newServer(t, func(s *server) {
					s.head()
					s.say(tc.say)
					s.drain()
				})
				ctx := newAsked(t, 700*time.Millisecond)
				_, _, err := fetch(c, &Exchange{
					Request: get(t).WithContext(ctx), Response: time.Hour, BodyIdle: time.Hour, Suspect: 500 * time.Millisecond,
				})
				if err == nil {
					t.Fatal("it went on")
				}
				if e := asError(t, err); !errors.Is(e.Err, errTest) || e.Phase != tc.phase || e.Timeout {
					t.Errorf("got %+v", e)
				}
				if !slices.Equal(ctx.at, want) {
					t.Errorf("stepper at %v", ctx.at)
				}
			})
		})
	}
}

// A body that is being sent does not keep the question from being stepper.
func TestAContextIsAskedWhileABodyIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t, func(s *server) { s.head() }) // and takes nothing more
		ctx := newAsked(t, 100*time.Millisecond)
		x := &Exchange{Request: request(t, http.MethodPost, 1<<20).WithContext(ctx), Body: io.LimitReader(zeros{}, 1<<20), BodyIdle: time.Hour}
		if e := mustFail(t, c, x); !errors.Is(e.Err, errTest) || time.Since(ctx.began) != 150*time.Millisecond {
			t.Errorf("after %v: %+v", time.Since(ctx.began), e)
		}
	})
}

func TestStepsEndWithTheExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t, func(s *server) {
			for r, _ := s.request(); r != nil; r, _ = s.request() {
				time.Sleep(100 * time.Millisecond)
				s.say(ok + "Content-Length: 2\r\n\r\nhi")
			}
		})
		steps := 0
		for _, tc := range []struct {
			step func() error
			want int
		}{
			{func() error { steps++; return nil }, 1}, {nil, 1}, {func() error { steps++; return nil }, 2},
		} {
			if _, _, err := fetch(c, &Exchange{Request: get(t), Step: tc.step}); err != nil || steps != tc.want {
				t.Errorf("%d steps, want %d; %v", steps, tc.want, err)
			}
			time.Sleep(time.Hour)
		}
	})
}

// An upgrade lives on after the exchange, where nobody asks any more.
func TestAnUpgradeWatchesItsContext(t *testing.T) {
	near, far := net.Pipe()
	defer func() { _ = far.Close() }()
	c, s := NewClientConn(near), newScript(far)
	defer func() { _ = c.Close() }()
	go func() {
		s.head()
		s.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	}()
	r := get(t)
	r.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"echo"}}
	ctx, cancel := context.WithCancelCause(t.Context())
	res, err := c.RoundTrip(&Exchange{Request: r.WithContext(pollable{ctx})})
	if err != nil {
		t.Fatal(err)
	}
	cancel(errTest)
	if _, err := res.Body.Read(make([]byte, 1)); !errors.Is(err, errTest) {
		t.Errorf("got %v", err)
	}
	_ = res.Body.Close()
}

type pollable struct{ context.Context }

func (p pollable) Poll() error { return context.Cause(p) }

func TestDeadlinesOutliveExchangesThatAreQuick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer func() { _ = far.Close() }()
		counted := &timers{Conn: near}
		c, s := NewClientConn(counted), newScript(far)
		defer func() { _ = c.Close() }()
		go func() {
			for r, _ := s.request(); r != nil; r, _ = s.request() {
				s.say(ok + "Content-Length: 2\r\n\r\nhi")
			}
		}()
		for range 1000 {
			x := Exchange{Request: get(t), Suspect: time.Second, Response: time.Minute, BodyIdle: time.Minute, Step: func() error { return nil }}
			if _, _, err := fetch(c, &x); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		if n := counted.set.Load(); n > 1000/50+5 {
			t.Errorf("%d deadlines within a second", n)
		}
	})
}
