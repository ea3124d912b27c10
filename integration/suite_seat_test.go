package integration

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// Ways in which a seat does not do its work.
const (
	seatWell   = ""
	seatCloses = "closes" // ends every connection without an answer, those of checks, too
	seatDies   = "dies"   // reads a request whole and then does so; checks pass
	seatSlow   = "slow"   // takes ten times as long as doors are told to wait; checks pass
	seatBusy   = "busy"   // takes a little while, so that requests are under way
)

// seat is a backend of the suite, in the test's own process.
type seat struct {
	t    testing.TB
	name string
	addr string
	mode atomic.Value // string
	got  atomic.Int64 // requests that are no checks

	mu        sync.Mutex // guards what follows
	delivered map[string]int
	server    *http.Server // nil: nobody listens
}

func newSeats(t testing.TB, n int) []*seat {
	t.Helper()
	all := make([]*seat, n)
	for i := range all {
		s := &seat{t: t, name: fmt.Sprintf("b%d", i+1), delivered: map[string]int{}}
		s.mode.Store(seatWell)
		s.rise()
		t.Cleanup(s.die)
		all[i] = s
	}
	return all
}

// rise listens, at the address of the first time.
func (s *seat) rise() {
	s.t.Helper()
	var l net.Listener
	if s.addr == "" {
		l = proxytest.Listen(s.t)
		s.addr = l.Addr().String()
	} else {
		var err error
		if l, err = net.Listen("tcp", s.addr); err != nil {
			s.t.Fatal(err)
		}
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	s.mu.Lock()
	s.server = server
	s.mu.Unlock()
	go func() { _ = server.Serve(l) }() // until die
}

// die refuses connections and ends those that are open.
func (s *seat) die() {
	s.mu.Lock()
	server := s.server
	s.server = nil
	s.mu.Unlock()
	if server != nil {
		_ = server.Close() // nothing is left to do about it
	}
}

// retire takes no more connections and lets requests end.
func (s *seat) retire() {
	s.mu.Lock()
	server := s.server
	s.server = nil
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = server.Shutdown(ctx) // what does not end by then is cut by nobody
}

func (s *seat) is() string {
	mode, _ := s.mode.Load().(string)
	return mode
}

// deliveries is how often a request came in whole.
func (s *seat) deliveries(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.delivered[id]
}

func (s *seat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	check := r.URL.Path == "/healthz"
	if !check {
		s.got.Add(1)
	}
	h := w.Header()
	h.Set("X-Backend", s.name)
	if s.is() == seatCloses {
		panic(http.ErrAbortHandler)
	}
	if check {
		return
	}
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		s.echo(w)
		return
	}
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	s.delivered[r.Header.Get(proxytest.TestID)]++
	s.mu.Unlock()
	switch s.is() {
	case seatDies:
		panic(http.ErrAbortHandler)
	case seatSlow:
		select {
		case <-time.After(10 * patienceOfDoors):
		case <-r.Context().Done():
		}
	case seatBusy:
		time.Sleep(20 * time.Millisecond)
	}
	s.reply(w, r.URL.Path, n)
}

// reply is an answer of the form that the path names.
func (s *seat) reply(w http.ResponseWriter, path string, n int64) {
	h := w.Header()
	switch path {
	case "/204":
		w.WriteHeader(http.StatusNoContent)
		return
	case "/304":
		h.Set("Etag", `"one"`)
		w.WriteHeader(http.StatusNotModified)
		return
	case "/103":
		h.Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
	case "/trailers":
		h.Set("Trailer", "X-Sum")
		defer h.Set("X-Sum", "42")
		_, _ = io.WriteString(w, "with ")
		_ = http.NewResponseController(w).Flush()
	case "/cut-length":
		h.Set("Content-Length", "100000")
		_, _ = w.Write(make([]byte, 50000))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case "/cut-chunked":
		_, _ = w.Write(make([]byte, 50000))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = fmt.Fprintf(w, "%s %d", s.name, n) // the client may have left
}

// echo is a websocket that says what it hears.
func (s *seat) echo(w http.ResponseWriter) {
	c, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = c.Close() }()
	_, _ = io.WriteString(c, strings.Replace(switching, "\r\n\r\n", "\r\nX-Backend: "+s.name+"\r\n\r\n", 1))
	_, _ = io.Copy(c, rw.Reader) // until either end goes
}
