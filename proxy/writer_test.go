package proxy

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

func TestNoContentTypeIsInvented(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		_, _ = io.WriteString(w, "<html><script>")
	}))
	defer s.Close()
	inAllModes(t, func(t *testing.T, m mode) {
		r := start(t, appPool(s.URL))
		res, _ := get(t, m.client(t), r.url(m))
		if got := res.Header["Content-Type"]; got != nil {
			t.Errorf("a backend that named no type was given %q", got)
		}
	})
}

// hurried is the preamble with short limits for clients that make no progress.
func hurried() string {
	return strings.ReplaceAll(preamble, `address  = "127.0.0.1:0"`, `address  = "127.0.0.1:0"
write_idle = "400ms"
body_idle = "400ms"`)
}

func TestAStreamWhoseClientTakesNothingEnds(t *testing.T) {
	r := startWith(t, hurried()+appPool(named(t, "one").URL))
	c, err := tls.Dial("tcp", r.Addr("front").String(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}) //nolint:gosec // the certificate is not what is tested
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	var head bytes.Buffer
	e := hpack.NewEncoder(&head)
	for _, f := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {":authority", "localhost"}} {
		_ = e.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	framer := http2.NewFramer(c, c)
	_, _ = io.WriteString(c, http2.ClientPreface)
	_ = framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: head.Bytes(), EndStream: true, EndHeaders: true})
	for {
		f, err := framer.ReadFrame()
		if err != nil {
			t.Fatalf("the stream was left open: %v", err)
		}
		if f.Header().Type == http2.FrameRSTStream {
			return
		}
	}
}

// written records the deadlines of a connection.
type written struct {
	net.Conn
	deadlines []time.Time
}

func (w *written) SetWriteDeadline(t time.Time) error {
	w.deadlines = append(w.deadlines, t)
	return nil
}

func TestWhatTheServerSendsLastHasADeadline(t *testing.T) {
	var c written
	liftDeadline(&c, http.StateActive)
	liftDeadline(&c, http.StateHijacked)
	if len(c.deadlines) != 0 {
		t.Error("the deadline was changed during an exchange")
	}
	liftDeadline(&c, http.StateIdle)
	if len(c.deadlines) != 1 || !c.deadlines[0].IsZero() {
		t.Errorf("an idle connection has %v", c.deadlines)
	}
}

// ReverseProxy flushes the head of a stream of events from a goroutine of its
// own, while the body may flush what has been written.
func TestFlushesMeet(t *testing.T) {
	x := &exchange{door: &door{}, in: httptest.NewRequest(http.MethodGet, "/", nil)}
	x.out.reset(httptest.NewRecorder(), x)
	x.out.idle = time.Nanosecond // moves the deadline each time
	x.out.Header().Set("Content-Length", "3")
	x.out.WriteHeader(http.StatusOK)
	ended := make(chan error)
	go func() { ended <- x.out.FlushError() }()
	_, _ = x.out.Write([]byte("x"))
	_ = x.out.FlushError()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
