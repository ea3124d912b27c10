package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"sterling/internal/proxytest"
)

func TestRequestsThatAreResetEndTheConnectionOverHTTP3(t *testing.T) {
	var begun atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		begun.Add(1)
		if _, err := io.ReadAll(r.Body); err == nil {
			<-r.Context().Done()
		}
	}))
	t.Cleanup(s.Close)
	canceled := quic.StreamErrorCode(http3.ErrCodeRequestCanceled)
	for name, reset := range map[string]func(*quic.Stream){
		"given up": func(str *quic.Stream) { _ = str.Close(); str.CancelRead(canceled) },
		"lengths that do not hold": func(str *quic.Stream) {
			_, _ = str.Write(data("more than five")) // as below
			_ = str.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := startChanged(t, preamble+appPool(s.URL), func(s *Server) {
				for _, d := range s.doors {
					if d.quic != nil {
						d.quic.resets = 20 // a second, which a slow machine can do
					}
				}
			})
			c := r.dialHTTP3(nil)
			before, sent := begun.Load(), 0
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			for ; sent < 20_000; sent++ {
				str, err := c.OpenStreamSync(ctx)
				if err != nil {
					break
				}
				_, _ = str.Write(head("POST", "content-length", "5")) // a dead connection shows in the next
				reset(str)
			}
			r.eventually("the end of the connection", func() bool { return c.Context().Err() != nil })
			var closed *quic.ApplicationError
			if err := context.Cause(c.Context()); !errors.As(err, &closed) || closed.ErrorCode != quic.ApplicationErrorCode(http3.ErrCodeExcessiveLoad) {
				t.Errorf("after %d requests the connection has ended with %v", sent, err)
			}
			if n := begun.Load() - before; n > 2*maxResets {
				t.Errorf("%d requests at the backend", n) // 42, those under way, and many more
			}
		})
	}
}

func TestRequestsThatAreResetAreCountedByTheSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f quicFlood
		for i := range 10 * maxResets { // as many as may be
			if f.count(true) {
				t.Fatalf("too many after %d at the pace of the limit", i)
			}
			time.Sleep(time.Second / maxResets)
		}
		time.Sleep(2 * time.Second)
		for i := range 10 * maxResets { // more, but as many are answered
			if f.count(false); f.count(true) {
				t.Fatalf("too many after %d that were answered", i)
			}
		}
		time.Sleep(2 * time.Second)
		n := 0
		for ; n < 10*maxResets && !f.count(true); n++ {
		}
		if n > 3*maxResets {
			t.Errorf("%d at once are not too many", n)
		}
	})
}

func TestBusyClientsAreNotTakenForFloodsOverHTTP3(t *testing.T) {
	r := start(t, appPool(named(t, "one").URL))
	c := r.dialHTTP3(nil)
	for i := range 1200 {
		if i%3 > 0 {
			if a := proxytest.AskH3(t, c, head("GET")); a.Status == "" {
				t.Fatalf("request %d: %v", i, a)
			}
			continue
		}
		str, err := c.OpenStreamSync(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = str.Write(head("POST")) // a dead connection shows in the next
		str.CancelRead(quic.StreamErrorCode(http3.ErrCodeRequestCanceled))
		str.CancelWrite(quic.StreamErrorCode(http3.ErrCodeRequestCanceled))
	}
}
