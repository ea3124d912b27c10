package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"sterling/internal/proxytest"
)

// data is a DATA frame.
func data(payload string) []byte { return proxytest.H3Frame(proxytest.H3Data, []byte(payload)) }

// head is a request's, with more fields.
func head(method string, fields ...string) []byte {
	var all []proxytest.Field
	for i, pairs := 0, append([]string{":method", method, ":scheme", "https", ":authority", "door.example", ":path", "/"}, fields...); i < len(pairs); i += 2 {
		all = append(all, proxytest.Field{Name: pairs[i], Value: pairs[i+1]})
	}
	return proxytest.H3Fields(all...)
}

func TestHostileRequestsOverHTTP3(t *testing.T) {
	var whole atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err == nil {
			whole.Add(1)
		}
	}))
	t.Cleanup(s.Close)
	r := start(t, appPool(s.URL))
	c := r.dialHTTP3(nil)
	many := make([]string, 0, 400)
	for range 200 {
		many = append(many, "x-many", "1")
	}
	four := data("four")
	malformed := quic.StreamErrorCode(http3.ErrCodeMessageError)
	for _, tt := range []struct {
		name   string
		sent   [][]byte
		status string
		code   quic.StreamErrorCode
	}{
		{"a good one", [][]byte{head("GET")}, "200", 0},
		{"TE", [][]byte{head("GET", "te", "trailers")}, "200", 0},
		{"TE with a coding", [][]byte{head("GET", "te", "gzip")}, "", malformed},
		{"Connection", [][]byte{head("GET", "connection", "close")}, "", malformed},
		{"Upgrade", [][]byte{head("GET", "upgrade", "websocket")}, "", malformed},
		{"Transfer-Encoding", [][]byte{head("POST", "transfer-encoding", "chunked"), four}, "", malformed},
		{"Keep-Alive", [][]byte{head("GET", "keep-alive", "1")}, "", malformed},
		{"upper case", [][]byte{head("GET", "X-Upper", "1")}, "", malformed},
		{"a line break", [][]byte{head("GET", "x-break", "a\r\nb: c")}, "", malformed},
		{"another Host", [][]byte{head("GET", "host", "other.example")}, "", malformed},
		{"two paths", [][]byte{head("GET", ":path", "/other")}, "", malformed},
		{"two lengths", [][]byte{head("POST", "content-length", "4", "content-length", "5"), four}, "", malformed},
		{"more than announced", [][]byte{head("POST", "content-length", "3"), four}, "", malformed},
		{"more than nothing", [][]byte{head("POST", "content-length", "0"), four}, "", malformed},
		{"more than announced, in two frames", [][]byte{head("POST", "content-length", "4"), four, four}, "", malformed},
		{"more than announced, behind an empty frame", [][]byte{head("POST", "content-length", "4"), four, data(""), four}, "", malformed},
		{"as much as announced", [][]byte{head("POST", "content-length", "4"), four}, "200", 0},
		{"as much as announced, in pieces", [][]byte{head("POST", "content-length", "8"), four, data(""), data("fo"), data("ur")}, "200", 0},
		{"space before a value", [][]byte{head("GET", "x-space", " 1")}, "400", 0},
		{"a tab behind a value", [][]byte{head("GET", "x-space", "1\t")}, "400", 0},
		{"space around a part of a cookie", [][]byte{head("GET", "cookie", "a=b ", "cookie", "c=d")}, "400", 0},
		{"space behind the names of trailers", [][]byte{head("POST", "trailer", "x-t, "), four}, "400", 0},
		{"an empty length", [][]byte{head("POST", "content-length", ""), four}, "400", 0},
		{"less than announced", [][]byte{head("POST", "content-length", "5"), four}, "400", 0},
		{"announced with GET", [][]byte{head("GET", "content-length", "5")}, "400", 0},
		{"a websocket", [][]byte{head("CONNECT", ":protocol", "websocket")}, "405", 0},
		{"TRACE", [][]byte{head("TRACE")}, "405", 0},
		{"many lines", [][]byte{head("GET", many...)}, "431", 0},
		{"a large head", [][]byte{head("GET", "x-large", strings.Repeat("x", 17<<10))}, "431", 0},
		{"a huge head", [][]byte{head("GET", "x-huge", strings.Repeat("x", 99<<10))}, "431", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := whole.Load()
			if a := proxytest.AskH3(t, c, tt.sent...); a.Status != tt.status || a.Code != tt.code {
				t.Errorf("%v; want %q, %#x", a, tt.status, tt.code)
			}
			if passed := whole.Load() > before; passed != (tt.status == "200") {
				t.Errorf("a backend got it whole: %v", passed)
			}
		})
	}
	for _, line := range r.lines() {
		if line["proto"] != "HTTP/3.0" {
			t.Errorf("logged as %v", line)
		}
	}
}

func TestAHeadThatNeverEndsOverHTTP3(t *testing.T) {
	short := "http3 = true\nidle = \"1s\"\nheader_timeout = \"2s\""
	r := startWith(t, strings.Replace(preamble, "http3    = true", short, 1)+appPool(named(t, "one").URL))
	c := r.dialHTTP3(nil)
	str, err := c.OpenStreamSync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := str.Write(head("GET")[:9]); err != nil {
		t.Fatal(err)
	}
	select {
	case <-c.Context().Done():
	case <-time.After(20 * time.Second):
		t.Error("the connection is kept")
	}
}

func TestAnIdleConnectionOverHTTP3Ends(t *testing.T) {
	r := startWith(t, strings.Replace(preamble, "http3    = true", "http3 = true\nidle = \"2s\"", 1)+appPool(named(t, "one").URL))
	c := r.dialHTTP3(nil)
	select {
	case <-c.Context().Done():
	case <-time.After(20 * time.Second):
		t.Fatal("the connection is kept")
	}
	var closed *quic.ApplicationError
	if err := context.Cause(c.Context()); !errors.As(err, &closed) || closed.ErrorCode != quic.ApplicationErrorCode(http3.ErrCodeNoError) {
		t.Errorf("it ended with %v", err)
	}
}

// The client gives no room for an answer that fits into two packets.
func TestAClientThatTakesNothingOverHTTP3(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 1900))
	}))
	t.Cleanup(s.Close)
	r := startWith(t, strings.Replace(preamble, "http3    = true", "http3 = true\nwrite_idle = \"2s\"", 1)+appPool(s.URL))
	conf := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{http3.NextProtoH3}} //nolint:gosec // the certificate is not what is tested
	c, err := quic.DialAddr(t.Context(), r.Addr("front").String(), conf, &quic.Config{InitialStreamReceiveWindow: 10, MaxStreamReceiveWindow: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.CloseWithError(0, "") }()
	str, err := c.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	_, _ = str.Write(head("GET"))
	_ = str.Close()
	r.eventually("the request", func() bool { return r.doors[0].quic.requests.Load() == 1 })
	r.eventually("its end", func() bool { return r.doors[0].quic.requests.Load() == 0 })
	_ = str.SetReadDeadline(time.Now().Add(20 * time.Second))
	_, err = io.ReadAll(str)
	var reset *quic.StreamError
	if !errors.As(err, &reset) {
		t.Errorf("the stream ended with %v", err)
	}
}

func TestWhoMustProveItsAddress(t *testing.T) {
	s := &quicSide{front: &door{listener: &listener{limits: newConnectionLimits(0, 0)}}}
	if s.mustProve(nil) {
		t.Error("with nothing under way")
	}
	s.shaking.Store(manyHandshakes)
	if !s.mustProve(nil) {
		t.Error("not with many handshakes under way")
	}
	s.shaking.Store(0)
	s.front.listener.limits = newConnectionLimits(0, 1)
	if !s.mustProve(nil) {
		t.Error("not with a limit for each address")
	}
}

func TestStreamsOfAConnectionAreBounded(t *testing.T) {
	one := stage(t, "one")
	r := start(t, appPool(one.url))
	c := r.dialHTTP3(nil)
	opened := 0
	for ; opened < 10*maxStreams; opened++ {
		str, err := c.OpenStream()
		if err != nil {
			break
		}
		if _, err := str.Write(head("POST")[:5]); err != nil {
			t.Fatal(err)
		}
	}
	if opened != maxStreams {
		t.Errorf("%d streams could be opened, want %d", opened, maxStreams)
	}
}

func TestConnectionLimitsOverHTTP3(t *testing.T) {
	for limit, kind := range map[string]string{"connections = 1": "all", "connections_per_address = 1": "one address"} {
		t.Run(kind, func(t *testing.T) {
			r := start(t, "[limits]\n"+limit+appPool(named(t, "one").URL))
			c := r.dialHTTP3(nil)
			other, err := quicDial(t, r, nil)
			var refused *quic.TransportError
			if err == nil || !errors.As(err, &refused) || refused.ErrorCode != quic.ConnectionRefused {
				t.Fatalf("beyond the limit: %v, %v", other, err)
			}
			if i := slices.IndexFunc(r.Status().Listeners, func(l ListenerStatus) bool { return l.HTTP3 && l.Shed > 0 }); i < 0 {
				t.Errorf("status: %+v", r.Status().Listeners)
			}
			_ = c.CloseWithError(0, "")
			r.eventually("a place", func() bool { return r.connections.open.Load() == 0 })
			r.dialHTTP3(nil)
		})
	}
}
