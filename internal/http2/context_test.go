package http2

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

type polled interface {
	context.Context
	Poll() error
}

func TestContextEndsWithTheStream(t *testing.T) {
	noLeaks(t)
	type ends func(c *raw, cancel context.CancelCauseFunc)
	why := errors.New("the test ends it")
	for name, tc := range map[string]struct {
		end   ends
		poll  error
		cause error
	}{
		"reset":      {func(c *raw, _ context.CancelCauseFunc) { _ = c.WriteRSTStream(1, http2.ErrCodeCancel) }, ErrReset, context.Canceled},
		"fault":      {func(c *raw, _ context.CancelCauseFunc) { _ = c.WriteWindowUpdate(1, 0) }, ErrReset, context.Canceled},
		"connection": {func(c *raw, _ context.CancelCauseFunc) { _ = c.nc.Close() }, ErrGone, context.Canceled},
		"base":       {func(_ *raw, cancel context.CancelCauseFunc) { cancel(why) }, why, why},
	} {
		for _, how := range []string{"poll", "done", "after func", "child"} {
			t.Run(name+" "+how, func(t *testing.T) {
				base, cancel := context.WithCancelCause(context.WithValue(context.Background(), key{}, "value"))
				defer cancel(nil)
				begun, ended := make(chan struct{}), make(chan struct{})
				r := start(t, ServerOptions{Base: base, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					defer close(ended)
					ctx := r.Context().(polled)
					if ctx.Err() != nil || ctx.Poll() != nil || ctx.Value(key{}) != "value" || ctx.Value(http.LocalAddrContextKey) == nil {
						t.Error("it is not as it should be")
					}
					waitFor(t, ctx, how, begun)
					if ctx.Err() != context.Canceled { //nolint:errorlint // it is that error itself
						t.Errorf("Err: %v", ctx.Err())
					}
					if err := ctx.Poll(); !errors.Is(err, tc.poll) {
						t.Errorf("Poll: %v, want %v", err, tc.poll)
					}
					if err := context.Cause(ctx); !errors.Is(err, tc.cause) {
						t.Errorf("cause: %v, want %v", err, tc.cause)
					}
				})})
				c := r.dial()
				c.open(1, true, get)
				<-begun
				tc.end(c, cancel)
				select {
				case <-ended:
				case <-time.After(patience):
					t.Error("it does not end")
				}
			})
		}
	}
}

type key struct{}

// waitFor waits for the end of ctx in one of the ways there are.
func waitFor(t *testing.T, ctx polled, how string, begun chan struct{}) {
	done := make(chan struct{})
	switch how {
	case "poll":
		close(begun)
		until(t, "the context ends", func() bool { return ctx.Poll() != nil })
		return
	case "done":
		go func() { <-ctx.Done(); close(done) }()
	case "after func":
		stopped := context.AfterFunc(ctx, func() { t.Error("a stopped function was called") })
		if !stopped() {
			t.Error("it could not be stopped")
		}
		context.AfterFunc(ctx, func() { close(done) })
	case "child":
		child, cancel := context.WithCancel(ctx)
		defer cancel()
		go func() { <-child.Done(); close(done) }()
	}
	close(begun)
	<-done
}

func TestContextOfARequestThatComesAfterTheEndOfTheBase(t *testing.T) {
	base, cancel := context.WithCancelCause(context.Background())
	why := errors.New("the test ends it")
	cancel(why)
	c := start(t, ServerOptions{Base: base, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := r.Context().(polled).Poll(); !errors.Is(err, why) {
			t.Errorf("Poll: %v", err)
		}
		select {
		case <-r.Context().Done():
		case <-time.After(patience):
			t.Error("it has not ended")
		}
	})}).dial()
	c.open(1, true, get)
	if a := c.answer(1); a.status != "200" {
		t.Errorf("got %+v", a)
	}
}

func TestContextEndsWhenTheHandlerReturns(t *testing.T) {
	contexts := make(chan context.Context, 1)
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_ = r.Context().Done()
		contexts <- r.Context()
	}).dial()
	c.open(1, true, get)
	c.answer(1)
	ctx := <-contexts
	select {
	case <-ctx.Done():
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
	if err := ctx.(polled).Poll(); !errors.Is(err, ErrFinished) {
		t.Errorf("Poll: %v", err)
	}
	called := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { close(called) })
	<-called
	if stop() {
		t.Error("stopped what was called")
	}
}

func TestWriteDeadlineIsNotLeftForTheNextRequest(t *testing.T) {
	var n atomic.Int32
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1)%2 == 1 {
			_ = http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0))
			w.WriteHeader(http.StatusNoContent)
			return
		}
		_, _ = w.Write(make([]byte, 2*answerSize))
	}).dial(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	for i := range uint32(10) {
		c.open(4*i+1, true, get)
		c.answer(4*i + 1)
		c.open(4*i+3, true, get)
		c.sync()
		_ = c.WriteWindowUpdate(4*i+3, 3*answerSize)
		_ = c.WriteWindowUpdate(0, 3*answerSize)
		if a := c.answer(4*i + 3); a.cut || a.gone != nil {
			t.Fatalf("request %d got %+v", i, a)
		}
	}
}

func TestWritesFailWhenTheClientIsGone(t *testing.T) {
	failures := make(chan error, 3)
	begun := make(chan struct{})
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.Flush()
		close(begun)
		<-r.Context().Done()
		failures <- control.Flush()
		_, err := w.Write(make([]byte, 2*answerSize))
		failures <- err
		w.WriteHeader(http.StatusEarlyHints) // too late, and for nobody
		_, err = io.WriteString(w, strings.Repeat("a", 2*answerSize))
		failures <- err
	}).dial()
	c.open(1, true, get)
	<-begun
	_ = c.WriteRSTStream(1, http2.ErrCodeCancel)
	for range 3 {
		if err := <-failures; !errors.Is(err, ErrReset) {
			t.Errorf("got %v", err)
		}
	}
}

// What one request leaves behind must not be seen by another.
func TestNothingOfARequestIsLeftForTheNext(t *testing.T) {
	noLeaks(t)
	var n atomic.Int32
	var kept context.Context
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%2 == 1 {
			r.Header.Set("X-Left", "a")
			r.Header["X-A"] = append(r.Header["X-A"], "left")
			r.URL.Fragment, r.Host, r.Form, r.Pattern = "left", "left", map[string][]string{"left": nil}, "left"
			r.Trailer = http.Header{"Left": nil}
			r.SetPathValue("left", "a")
			w.Header().Set("X-Left", "a")
			w.Header().Set("Trailer", "X-Left")
			w.Header().Set(http.TrailerPrefix+"X-Left", "a")
			_ = http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0))
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, "left")
			if n.Load() > 50 && kept == nil {
				kept = r.Context()
				_ = kept.Done()
			}
			return
		}
		if len(r.Header) != 1 || len(r.Header["X-A"]) != 1 || r.URL.Fragment != "" || r.Host != "localhost" || r.Form != nil || r.Pattern != "" || r.PathValue("left") != "" || r.Trailer != nil {
			t.Errorf("left: %+v", r)
		}
		if len(w.Header()) != 0 || r.Context().Err() != nil {
			t.Errorf("left: %v, %v", w.Header(), r.Context().Err())
		}
	}).dial()
	for i := range uint32(100) {
		c.open(2*i+1, true, get.and("x-a", "b"))
		a := c.answer(2*i + 1)
		left := a.header["x-left"] != nil //nolint:staticcheck // as it stands in the frame
		if a.gone != nil || left != (i%2 == 0) || i%2 == 1 && (a.status != "200" || a.body != "" || a.trailer != nil) {
			t.Fatalf("request %d got %+v", i, a)
		}
	}
}
