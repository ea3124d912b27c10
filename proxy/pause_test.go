package proxy

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
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

func TestAnUploadMayPauseWhileItsBackendIsBusy(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Second) // more than twice the limit
		if n, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}))
	defer s.Close()
	m := modes[2] // as above
	r := startWith(t, hurried()+appPool(s.URL))
	res, err := m.client(t).Post(r.url(m), "text/plain", io.LimitReader(zeros{}, 16<<20))
	if err != nil {
		t.Fatal(err)
	}
	if bodyOf(t, res); res.StatusCode != http.StatusOK {
		t.Errorf("status %d", res.StatusCode)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestAnUploadThatStallsIsCut(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		r := startWith(t, hurried()+appPool(reader(t).URL))
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

// reader is a backend that reads all of a body.
func reader(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	t.Cleanup(s.Close)
	return s
}
