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
	"github.com/quic-go/quic-go/quicvarint"

	"sterling/internal/proxytest"
)

// counting is a backend that counts the requests that it got whole.
func counting(t *testing.T) (url string, whole *atomic.Int64) {
	t.Helper()
	whole = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err == nil {
			whole.Add(1)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, whole
}

func TestFramesThatEndTheConnectionOverHTTP3(t *testing.T) {
	url, whole := counting(t)
	r := start(t, appPool(url))
	four := data("four")
	push := func(kind uint64) []byte { return proxytest.H3Frame(kind, []byte{1}) }
	for _, tt := range []struct {
		name string
		sent [][]byte
		code http3.ErrCode
	}{
		{"DATA that is cut", [][]byte{head("POST"), four[:4]}, http3.ErrCodeFrameError},
		{"DATA of which nothing came", [][]byte{head("POST"), four[:2]}, http3.ErrCodeFrameError},
		{"the second one cut", [][]byte{head("POST"), four, data(""), four[:5]}, http3.ErrCodeFrameError},
		{"cut with GET", [][]byte{head("GET"), four[:2]}, http3.ErrCodeFrameError},
		{"PUSH_PROMISE", [][]byte{head("POST"), push(5), four}, http3.ErrCodeFrameUnexpected},
		{"MAX_PUSH_ID", [][]byte{head("POST"), four, push(0xd)}, http3.ErrCodeFrameUnexpected},
		{"CANCEL_PUSH before the head", [][]byte{push(3), head("GET")}, http3.ErrCodeFrameUnexpected},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := r.dialHTTP3(nil)
			answer := proxytest.AskH3(t, c, tt.sent...)
			select {
			case <-c.Context().Done():
			case <-time.After(20 * time.Second):
				t.Fatalf("the connection goes on, after %v", answer)
			}
			var closed *quic.ApplicationError
			if err := context.Cause(c.Context()); !errors.As(err, &closed) || closed.ErrorCode != quic.ApplicationErrorCode(tt.code) {
				t.Errorf("it ended with %v, after %v", err, answer)
			}
		})
	}
	r.eventually("the ends of the requests", func() bool { return r.doors[0].quic.requests.Load() == 0 })
	if n := whole.Load(); n != 0 {
		t.Errorf("a backend got %d of them whole", n)
	}
}

func TestFramesOfPushAreGoodOnTheControlStream(t *testing.T) {
	url, _ := counting(t)
	r := start(t, appPool(url))
	c := r.dialHTTP3(nil)
	control, err := c.OpenUniStream()
	if err != nil {
		t.Fatal(err)
	}
	sent := append(quicvarint.Append(nil, 0), proxytest.H3Frame(4, nil)...) // its type, and SETTINGS
	if _, err := control.Write(append(sent, proxytest.H3Frame(0xd, []byte{1})...)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if a := proxytest.AskH3(t, c, head("POST"), data("four")); a.Status != "200" {
			t.Fatalf("%v", a)
		}
	}
}

func TestARequestWithoutASchemeIsRefusedOverHTTP3(t *testing.T) {
	url, whole := counting(t)
	r := start(t, appPool(url))
	c := r.dialHTTP3(nil)
	for _, fields := range [][]proxytest.Field{
		{{Name: ":method", Value: "GET"}, {Name: ":authority", Value: "door.example"}, {Name: ":path", Value: "/"}},
		{{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "ftp"}, {Name: ":authority", Value: "door.example"}, {Name: ":path", Value: "/"}},
	} {
		if a := proxytest.AskH3(t, c, proxytest.H3Fields(fields...)); a.Status != "400" {
			t.Errorf("%v: %v", fields, a)
		}
	}
	if n := whole.Load(); n != 0 {
		t.Errorf("a backend got %d of them", n)
	}
}

func TestRequestsThatAreRefusedBelowAreNotRememberedForEver(t *testing.T) {
	url, _ := counting(t)
	r := start(t, appPool(url))
	c := r.dialHTTP3(nil)
	refused := proxytest.H3Fields(proxytest.Field{Name: ":method", Value: "GET"}, proxytest.Field{Name: "X-Upper", Value: "1"})
	for range 10 * maxStreams {
		if a := proxytest.AskH3(t, c, refused); a.Closed {
			return
		}
	}
	t.Error("the connection goes on")
}
