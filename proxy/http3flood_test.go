package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
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
		"what is answered": func(str *quic.Stream) { _ = str.Close(); str.CancelRead(canceled) },
		"what is sent":     func(str *quic.Stream) { str.CancelWrite(canceled) },
		"lengths that do not hold": func(str *quic.Stream) {
			_, _ = str.Write(data("more than five")) // as below
			_ = str.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, appPool(s.URL))
			c := r.dialHTTP3(nil)
			before, sent := begun.Load(), 0
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			for c.Context().Err() == nil && sent < 10_000 {
				var batch []*quic.Stream
				for range 50 {
					if str, err := c.OpenStreamSync(ctx); err == nil {
						_, _ = str.Write(head("POST", "content-length", "5")) // a dead connection shows
						batch = append(batch, str)
					}
				}
				sent += len(batch)
				r.eventually("the requests", func() bool { return c.Context().Err() != nil || r.doors[0].quic.requests.Load() >= 50 })
				for _, str := range batch {
					reset(str)
				}
				r.eventually("their end", func() bool { return c.Context().Err() != nil || r.doors[0].quic.requests.Load() == 0 })
			}
			var closed *quic.ApplicationError
			if err := context.Cause(c.Context()); !errors.As(err, &closed) || closed.ErrorCode != quic.ApplicationErrorCode(http3.ErrCodeExcessiveLoad) {
				t.Errorf("after %d requests the connection has ended with %v", sent, err)
			}
			if n := begun.Load() - before; n > 4*maxResets {
				t.Errorf("%d requests at the backend", n)
			}
		})
	}
}

func TestBusyClientsAreNotTakenForFloodsOverHTTP3(t *testing.T) {
	r := start(t, appPool(named(t, "one").URL))
	c := r.dialHTTP3(nil)
	for i := range 1200 {
		if i%3 > 0 {
			if a := proxytest.AskH3(t, c, head("GET")); a.Status != "200" {
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
