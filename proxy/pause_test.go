package proxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A limit on writes is none on pauses: a stream of events may be silent for
// longer than a client may take to accept what it is sent.
func TestAStreamMayPauseForLongerThanAWrite(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range 2 {
			_, _ = io.WriteString(w, "data: x\n\n")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(time.Second) // more than twice the limit
		}
	}))
	defer s.Close()
	r := startWith(t, hurried()+appPool(s.URL))
	for _, m := range []mode{modes[2], overHTTP3} { // where a deadline that passes ends the stream
		res, err := m.client(t).Get(r.url(m))
		if err != nil {
			t.Fatal(err)
		}
		all, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || len(all) != 18 {
			t.Errorf("%s: %q, %v", m.name, all, err)
		}
	}
}

// Who opens a stream of events learns that it is open before the first event.
func TestTheHeadOfAStreamDoesNotWaitForItsBody(t *testing.T) {
	goOn := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		select {
		case <-goOn:
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, "data: x\n\n")
	}))
	defer s.Close()
	inAllModes(t, func(t *testing.T, m mode) {
		r := start(t, appPool(s.URL))
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, r.url(m), nil)
		res, err := m.client(t).Do(req)
		if err != nil {
			t.Fatalf("waiting for the head: %v", err)
		}
		goOn <- struct{}{}
		if got := bodyOf(t, res); got != "data: x\n\n" {
			t.Errorf("got %q", got)
		}
	})
}

// impatient is a preamble by which a client has limit for its body, or for a byte
// of its answer.
func impatient(limit time.Duration) string {
	return strings.ReplaceAll(hurried(), `"400ms"`, strconv.Quote(limit.String()))
}

// demanding is a pool named app for a route that wants so many bytes a second.
func demanding(rate int, url string) string {
	return strings.Replace(appPool(url), "[[route]]", fmt.Sprintf("[[route]]\nmin_body_rate = %d", rate), 1)
}

// The backend takes nothing for more than twice as long as the client has for its
// body, of which all buffers on the way are full by then. That time is long, above all
// over QUIC, where all is done by goroutines: if there is little of a processor for them,
// the client of this test pauses by itself, for a third of a second and more.
func TestAnUploadMayPauseWhileItsBackendIsBusy(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		t.Parallel()
		size, limit := int64(24<<20), 2*time.Second
		if m.proto == 3 {
			size, limit = 8<<20, 4*time.Second // its windows are smaller than the buffers of TCP
		}
		var sent atomic.Int64
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			time.Sleep(5 * limit / 2)
			if sent.Load() == size {
				t.Error("the client never had to wait")
			}
			if n, err := io.Copy(io.Discard, r.Body); err != nil {
				t.Errorf("after %d bytes: %v", n, err)
			}
		}))
		s.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
			_ = c.(*net.TCPConn).SetReadBuffer(128 << 10) // or much of the body would have room there
			return ctx
		}
		s.Start()
		defer s.Close()
		r := startWith(t, impatient(limit)+appPool(s.URL))
		c := m.client(t)
		c.Timeout = time.Minute
		res, err := c.Post(r.url(m), "text/plain", &counted{io.LimitReader(zeros{}, size), &sent})
		if err != nil {
			t.Fatal(err)
		}
		if bodyOf(t, res); res.StatusCode != http.StatusOK {
			t.Errorf("status %d", res.StatusCode)
		}
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// counted counts what is read of it.
type counted struct {
	io.Reader
	n *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

func TestAnUploadThatStallsIsCut(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		r := startWith(t, hurried()+demanding(0, reader(t).URL))
		body, send := io.Pipe()
		defer send.Close()
		go func() { _, _ = io.WriteString(send, "half") }()
		res, err := m.client(t).Post(r.url(m), "text/plain", body)
		if err != nil {
			t.Fatal(err)
		}
		if bodyOf(t, res); res.StatusCode != http.StatusRequestTimeout {
			t.Errorf("status %d", res.StatusCode)
		}
		if lines := r.lines(); len(lines) != 1 || lines[0]["end"] != "client_stalled" {
			t.Errorf("logged %v", lines)
		}
	})
}

// Each byte comes long before the client counts as silent, and yet they are too few.
func TestAnUploadThatCrawlsIsCut(t *testing.T) {
	inAllModesAtOnce(t, func(t *testing.T, m mode) {
		whole := make(chan bool, 1)
		s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, err := io.Copy(io.Discard, r.Body)
			whole <- err == nil
		}))
		defer s.Close()
		r := startWith(t, impatient(3*time.Second)+demanding(10_000, s.URL))
		// A client that gets no time loses an answer when its connection is reset.
		var res *http.Response
		for try := range 3 {
			var err error
			res, err = m.client(t).Post(r.url(m), "text/plain", &dripping{size: 1, every: 20 * time.Millisecond})
			if <-whole {
				t.Error("the backend took the request for whole")
			}
			if err == nil {
				break
			}
			if try == 2 {
				t.Fatal(err)
			}
		}
		if bodyOf(t, res); res.StatusCode != http.StatusRequestTimeout {
			t.Errorf("status %d", res.StatusCode)
		}
		for _, line := range r.lines() {
			if line["end"] != "client_slow" || line["status"] != 408.0 {
				t.Errorf("logged %v", line)
			}
		}
	})
}

// One that keeps to the rate may take far longer than a client has at first.
func TestASlowUploadPasses(t *testing.T) {
	inAllModesAtOnce(t, func(t *testing.T, m mode) {
		r := startWith(t, impatient(3*time.Second)+demanding(100, reader(t).URL))
		res, err := m.client(t).Post(r.url(m), "text/plain", &dripping{size: 200, every: 50 * time.Millisecond, times: 120})
		if err != nil {
			t.Fatal(err)
		}
		if bodyOf(t, res); res.StatusCode != http.StatusOK {
			t.Errorf("status %d", res.StatusCode)
		}
		if lines := r.lines(); len(lines) != 1 || lines[0]["end"] != "ok" || lines[0]["bytes_in"] != 24000.0 {
			t.Errorf("logged %v", lines)
		}
	})
}

// dripping is the body of a client that sends size bytes now and then.
type dripping struct {
	size, times int // times 0: for ever
	every       time.Duration
	n           int
}

func (d *dripping) Read(p []byte) (int, error) {
	if d.n++; d.times > 0 && d.n > d.times {
		return 0, io.EOF
	}
	time.Sleep(d.every)
	return copy(p, make([]byte, d.size)), nil
}

// Once it is answered, a client may be waiting for what it is told before it says more.
func TestAConversationNeedsNoRate(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex()
		_ = control.Flush()
		_, _ = io.Copy(w, r.Body)
	}))
	t.Cleanup(s.Close)
	inAllModesAtOnce(t, func(t *testing.T, m mode) {
		r := startWith(t, impatient(3*time.Second)+demanding(10_000, s.URL))
		res, err := m.client(t).Post(r.url(m), "text/plain", &dripping{size: 1, every: 50 * time.Millisecond, times: 120})
		if err != nil {
			t.Fatal(err)
		}
		if got := bodyOf(t, res); len(got) != 120 {
			t.Errorf("status %d, %d bytes came back", res.StatusCode, len(got))
		}
	})
}

// A backend that takes nothing is not its client's fault, however long ago that
// one was heard of.
func TestABackendThatTakesNothingOfAnUploadIsBlamedForIt(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(release) })
	inAllModesAtOnce(t, func(t *testing.T, m mode) {
		r := startWith(t, impatient(3*time.Second)+appPool(s.URL)+"[pool.timeout]\nbody_idle = \"3s\"\n")
		res, err := m.client(t).Post(r.url(m), "text/plain", zeros{})
		if err != nil {
			t.Fatal(err)
		}
		if bodyOf(t, res); res.StatusCode != http.StatusGatewayTimeout {
			t.Errorf("status %d", res.StatusCode)
		}
		if lines := r.lines(); len(lines) != 1 || lines[0]["end"] != "body_stalled" {
			t.Errorf("logged %v", lines)
		}
	})
}

// reader is a backend that reads all of a body.
func reader(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	t.Cleanup(s.Close)
	return s
}
