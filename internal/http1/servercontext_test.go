package http1

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"
)

var _ Polled = (*serverContext)(nil)

// contextOf has a handler run on a request's context while a client does as
// the test likes.
func contextOf(t *testing.T, base context.Context, h func(ctx Polled, c *caller)) {
	t.Helper()
	var c *caller
	called, done := make(chan struct{}), make(chan struct{})
	f := newFront(t, ServerOptions{Base: base, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		defer close(done)
		<-called
		h(r.Context().(Polled), c)
	})})
	c = f.call()
	close(called)
	c.say(get11)
	<-done
}

func TestAContextLastsAsLongAsTheClientStays(t *testing.T) {
	contextOf(t, nil, func(ctx Polled, c *caller) {
		if ctx.Poll() != nil || ctx.Err() != nil || context.Cause(ctx) != nil {
			t.Errorf("it has ended: %v", ctx.Poll())
		}
		if _, ok := ctx.Deadline(); ok {
			t.Error("it has a deadline")
		}
		local, _ := ctx.Value(http.LocalAddrContextKey).(net.Addr)
		if local == nil || local.String() != c.RemoteAddr().String() {
			t.Errorf("the local address is %v", local)
		}
		select {
		case <-ctx.Done():
			t.Error("it is done")
		case <-time.After(2 * firstLook):
		}
	})
}

func TestPollSeesAReset(t *testing.T) {
	contextOf(t, nil, func(ctx Polled, c *caller) {
		_ = c.SetLinger(0)
		_ = c.Close()
		within(t, "the reset", func() bool { return ctx.Poll() != nil })
		if !errors.Is(ctx.Poll(), errClientGone) || !errors.Is(context.Cause(ctx), errClientGone) || !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("got %v, %v, %v", ctx.Poll(), context.Cause(ctx), ctx.Err())
		}
		<-ctx.Done()
	})
}

func TestDoneSeesAReset(t *testing.T) {
	contextOf(t, nil, func(ctx Polled, c *caller) {
		derived, cancel := context.WithTimeout(ctx, time.Hour)
		defer cancel()
		_ = c.SetLinger(0)
		_ = c.Close()
		select {
		case <-derived.Done():
		case <-time.After(10 * time.Second):
			t.Error("it did not end")
		}
		if !errors.Is(context.Cause(derived), errClientGone) {
			t.Errorf("got %v", context.Cause(derived))
		}
	})
}

// See finPatience.
func TestAFinIsTakenForLeavingAfterAWhile(t *testing.T) {
	contextOf(t, nil, func(ctx Polled, c *caller) {
		x := ctx.(*serverContext)
		_ = c.CloseWrite()
		within(t, "the FIN", func() bool { fin, _ := peerState(x.c.raw); return fin })
		if err := ctx.Poll(); err != nil {
			t.Fatalf("half a close is taken for a whole one: %v", err)
		}
		x.mu.Lock()
		x.closedAt = time.Now().Add(time.Second/2 - finPatience)
		x.mu.Unlock()
		if err := ctx.Poll(); err != nil {
			t.Errorf("too early: %v", err)
		}
		x.mu.Lock()
		x.closedAt = time.Now().Add(-finPatience)
		x.mu.Unlock()
		if err := ctx.Poll(); !errors.Is(err, errClientGone) {
			t.Errorf("got %v", err)
		}
	})
}

func TestTheBaseEndsARequestWithItsCause(t *testing.T) {
	for _, asked := range []bool{true, false} {
		base, end := context.WithCancelCause(context.WithValue(context.Background(), errTest, "value"))
		contextOf(t, base, func(ctx Polled, _ *caller) {
			if ctx.Value(errTest) != "value" {
				t.Error("the base's values are lost")
			}
			if asked {
				_ = ctx.Done()
			}
			end(errTest)
			if !errors.Is(ctx.Poll(), errTest) || !errors.Is(context.Cause(ctx), errTest) || !errors.Is(ctx.Err(), context.Canceled) {
				t.Errorf("got %v, %v, %v", ctx.Poll(), context.Cause(ctx), ctx.Err())
			}
			<-ctx.Done()
		})
		end(nil)
	}
}

func TestAContextEndsWithItsHandler(t *testing.T) {
	done := make(chan context.Context, 1)
	f := handle(t, func(_ http.ResponseWriter, r *http.Request) {
		_ = r.Context().Done()
		done <- r.Context()
	})
	c := f.call()
	for range 3 {
		c.say(get11)
		c.hear("GET")
		ctx := <-done
		<-ctx.Done()
		if !errors.Is(context.Cause(ctx), context.Canceled) {
			t.Errorf("got %v", context.Cause(ctx))
		}
	}
}

// What a handler may still hold is not used again: a context that somebody
// waits for, and a request whose body somebody may be reading.
func TestWhatMayBeHeldIsNotUsedAgain(t *testing.T) {
	held := make(map[any]bool)
	f := handle(t, func(_ http.ResponseWriter, r *http.Request) {
		if held[r] || held[r.Context()] {
			t.Errorf("%s: what was held came again", r.Method)
		}
		switch r.Method {
		case "PUT":
			_ = r.Context().Done()
			held[r.Context()] = true
		case "POST":
			held[r] = true
		}
	})
	c := f.call()
	for i := range 30 {
		method := []string{"GET", "PUT", "POST"}[i%3]
		length := map[string]int{"POST": 5}[method]
		c.say(fmt.Sprintf("%s / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", method, length, "hello"[:length]))
		c.hear(method)
	}
}
