package backend

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// keeping serves requests one after the other over one connection, counts
// them, and answers with the given header lines.
func keeping(requests *atomic.Int64, lines ...string) func(net.Conn) {
	answer := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + strings.Join(append(lines, ""), "\r\n") + "\r\nok"
	return func(c net.Conn) {
		defer func() { _ = c.Close() }()
		r := bufio.NewReader(c)
		for readRequest(r) == nil {
			requests.Add(1)
			if _, err := io.WriteString(c, answer); err != nil {
				return
			}
		}
	}
}

// kept starts a pool of one backend with a connection that has served once.
func kept(t *testing.T, s *rawServer) (*fixture, *h1) {
	t.Helper()
	f := start(t, PoolOptions{Check: CheckOptions{Interval: time.Hour}}, s.url)
	f.is(t, 0, Up)
	if _, call, err := exchange(t, f.pool.members[0], "GET", ""); err != nil || call.Reused {
		t.Fatalf("the first exchange: reused %v, %v", call.Reused, err)
	}
	transport := f.pool.members[0].transport.(*h1)
	if n := len(transport.idle.conns); n != 1 {
		t.Fatalf("%d idle connections after an exchange", n)
	}
	return f, transport
}

func TestAConnectionThatTheBackendClosedIsNotUsedAgain(t *testing.T) {
	var requests atomic.Int64
	s := startRaw(t, keeping(&requests))
	f, transport := kept(t, s)
	for round := range 50 {
		method, body := "GET", ""
		if round%2 == 1 {
			method, body = "POST", "payload"
		}
		transport.discard()
		if _, _, err := exchange(t, f.pool.members[0], "GET", ""); err != nil {
			t.Fatal(err)
		}
		conn := transport.idle.conns[0]
		s.hangUp()
		eventually(t, "the end has arrived", func() bool { return !conn.Alive() })
		if _, call, err := exchange(t, f.pool.members[0], method, body); err != nil || call.Reused {
			t.Fatalf("round %d: reused %v, %v", round, call.Reused, err)
		}
	}
	if n := requests.Load(); n != 101 {
		t.Errorf("%d requests reached the backend, want 101", n)
	}
	if f.pool.members[0].State() != Up {
		t.Error("idle connections that end count against the backend")
	}
	if n := f.pool.members[0].Status().Counters.Stale; n != 0 {
		t.Errorf("%d requests were written to a connection that could be seen to be dead", n)
	}
}

// A backend whose Content-Length is too small, for one, answers to nothing.
func TestWhatTheBackendSentUnaskedIsNotTheNextAnswer(t *testing.T) {
	answered, unasked := make(chan struct{}), make(chan error, 1)
	first := true
	s := startRaw(t, func(c net.Conn) {
		defer func() { _ = c.Close() }()
		r := bufio.NewReader(c)
		for readRequest(r) == nil {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			if !first {
				continue
			}
			first = false
			<-answered
			_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
			unasked <- err
		}
	})
	f := start(t, PoolOptions{Check: CheckOptions{Interval: time.Hour}}, s.url)
	f.is(t, 0, Up)
	m := f.pool.members[0]
	if _, _, err := exchange(t, m, "GET", ""); err != nil {
		t.Fatal(err)
	}
	conn := m.transport.(*h1).idle.conns[0]
	close(answered)
	if err := <-unasked; err != nil {
		t.Fatal(err)
	}
	eventually(t, "it has arrived", func() bool { return !conn.Alive() })
	req, call := request(t, m, "GET", "")
	call.Movable = true
	resp, err := m.RoundTrip(req, call)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if text, err := io.ReadAll(resp.Body); string(text) != "ok" || err != nil || call.Reused {
		t.Errorf("%q, reused %v, %v", text, call.Reused, err)
	}
}

func TestARequestThatNobodyTookGoesOverANewConnection(t *testing.T) {
	var requests atomic.Int64
	done := make(chan struct{})
	serve := keeping(&requests)
	s := startRaw(t, func(c net.Conn) {
		serve(heldConn{c})
		<-done
		_ = c.Close()
	})
	f, transport := kept(t, s)
	t.Cleanup(func() { close(done) })
	m := f.pool.members[0]
	// A connection that can no longer be written to, with nothing to be seen
	// of it by looking: what a FIN that comes in a moment later amounts to.
	var raw net.Conn
	transport.dialer.wrap = func(c net.Conn) net.Conn { raw = c; return c }
	req, call := request(t, m, "GET", "")
	call.Fresh = true
	resp, err := m.RoundTrip(req, call)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if err := raw.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	before := requests.Load()
	text, call, err := exchange(t, m, "POST", "")
	if err != nil || text != "ok" || call.Reused {
		t.Fatalf("%q, reused %v, %v", text, call.Reused, err)
	}
	if n := requests.Load() - before; n != 1 {
		t.Errorf("%d deliveries, want one", n)
	}
	if c := m.Status().Counters; c.Stale != 1 || c.Failures != 0 || c.Requests != 3 {
		t.Errorf("counters %+v", c)
	}
}

func TestAUsedConnectionThatEndsWithoutProofIsToldApart(t *testing.T) {
	var requests atomic.Int64
	s := startRaw(t, func(c net.Conn) {
		defer func() { _ = c.Close() }()
		r := bufio.NewReader(c)
		if readRequest(r) != nil {
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		if readRequest(r) == nil {
			requests.Add(1)
		}
	})
	f, _ := kept(t, s)
	_, call, err := exchange(t, f.pool.members[0], "GET", "")
	if e := wantError(t, err, BackendCut); !e.Reused || e.NothingSent() || e.Seen || !call.Reused {
		t.Errorf("%+v: want it said that the connection was a used one", e)
	}
	if n := requests.Load(); n != 1 {
		t.Errorf("%d deliveries, want one", n)
	}
	if n := f.pool.members[0].health.strikes.Load(); n != 0 || call.Counted {
		t.Error("the end of a used connection counts against the backend")
	}
	req, call := request(t, f.pool.members[0], "GET", "")
	call.Fresh = true
	resp, err := f.pool.members[0].RoundTrip(req, call)
	if err != nil || call.Reused {
		t.Fatalf("a fresh connection: reused %v, %v", call.Reused, err)
	}
	_ = resp.Body.Close()
}

func TestWhichConnectionsAreReused(t *testing.T) {
	for _, tt := range []struct {
		name    string
		idle    time.Duration
		learned time.Duration
		movable bool
		want    bool
		strict  bool // reuse is for requests that may be sent twice alone
	}{
		{name: "none for a request that may not be sent twice", idle: time.Millisecond, strict: true},
		{name: "one for a request that may", idle: time.Millisecond, movable: true, want: true, strict: true},
		{name: "a young one for any request", idle: 500 * time.Millisecond, learned: 0, movable: false, want: true},
		{name: "an older one for a request that may be sent twice", idle: 10 * time.Second, learned: 0, movable: true, want: true},
		{name: "not an older one for a request that may not", idle: 1100 * time.Millisecond, learned: 0, movable: false, want: false},
		{name: "not one past half of the learned close for such a request", idle: 600 * time.Millisecond, learned: time.Second, movable: false, want: false},
		{name: "not one shortly before the learned close", idle: 4500 * time.Millisecond, learned: 5 * time.Second, movable: true, want: false},
		{name: "one well before the learned close", idle: 3500 * time.Millisecond, learned: 5 * time.Second, movable: true, want: true},
		{name: "not one that has expired", idle: time.Minute, learned: 0, movable: true, want: false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var requests atomic.Int64
			f, transport := kept(t, startRaw(t, keeping(&requests)))
			transport.keep.after.Store(int64(tt.learned))
			transport.idle.mu.Lock()
			c := &transport.idle.conns[0]
			c.since, c.expires = c.since.Add(-tt.idle), c.expires.Add(-tt.idle)
			transport.idle.mu.Unlock()
			req, call := request(t, f.pool.members[0], "GET", "")
			call.Movable = tt.movable
			f.pool.members[0].reuseForAll = !tt.strict
			resp, err := f.pool.members[0].RoundTrip(req, call)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if call.Reused != tt.want {
				t.Errorf("reused %v, want %v", call.Reused, tt.want)
			}
		})
	}
}

func TestTheKeepAliveHeaderIsLearned(t *testing.T) {
	var requests atomic.Int64
	f, _ := kept(t, startRaw(t, keeping(&requests, "Keep-Alive: timeout=5, max=100")))
	if got := f.pool.members[0].Status().IdleClose; got != 5*time.Second {
		t.Errorf("idle close %v, want 5s", got)
	}
	told := f.told(IdleCloseLearned)
	if len(told) != 1 || told[0].IdleClose != 5*time.Second || told[0].Backend != "b0" {
		t.Errorf("told %+v", told)
	}
}

func TestSweepingClosesWhatIsOverAndFindsWhatIsDead(t *testing.T) {
	var requests atomic.Int64
	s := startRaw(t, keeping(&requests))
	f, transport := kept(t, s)
	now := time.Now()
	transport.sweep(now.Add(5 * time.Second))
	if n := len(transport.idle.conns); n != 1 {
		t.Fatalf("%d idle connections after an early sweep, want one", n)
	}
	transport.sweep(now.Add(time.Hour))
	if n := len(transport.idle.conns); n != 0 {
		t.Fatalf("%d idle connections after their time", n)
	}
	if _, _, err := exchange(t, f.pool.members[0], "GET", ""); err != nil {
		t.Fatal(err)
	}
	conn := transport.idle.conns[0]
	s.hangUp()
	eventually(t, "the end has arrived", func() bool { return !conn.Alive() })
	transport.sweep(time.Now().Add(5 * time.Second))
	if n := len(transport.idle.conns); n != 0 {
		t.Errorf("%d idle connections are kept that the backend has closed", n)
	}
	if len(transport.keep.found) != 1 {
		t.Errorf("the find was not noted: %v", transport.keep.found)
	}
}

func TestIdleConnectionsAreBounded(t *testing.T) {
	var requests atomic.Int64
	s := startRaw(t, keeping(&requests))
	f := start(t, PoolOptions{MaxIdle: 2}, s.url)
	m := f.pool.members[0]
	var bodies []io.ReadCloser
	for range 5 {
		req, call := request(t, m, "GET", "")
		resp, err := m.RoundTrip(req, call)
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, resp.Body)
	}
	for _, b := range bodies {
		_, _ = io.Copy(io.Discard, b)
		_ = b.Close()
	}
	if n := len(m.transport.(*h1).idle.conns); n != 2 {
		t.Errorf("%d idle connections, want the limit of 2", n)
	}
}

func TestABodyThatIsNotReadToItsEndCutsTheConnection(t *testing.T) {
	s, _ := serve(t, H1, false, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})
	f := start(t, PoolOptions{}, s)
	m := f.pool.members[0]
	req, call := request(t, m, "GET", "")
	resp, err := m.RoundTrip(req, call)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if n := len(m.transport.(*h1).idle.conns); n != 0 || m.InFlight() != 0 {
		t.Errorf("%d idle connections, %d in flight", n, m.InFlight())
	}
	if _, err := resp.Body.Read(make([]byte, 1)); err == nil || err == io.EOF {
		t.Errorf("reading a closed body: %v", err)
	}
}

func TestTheClientsEndCutsTheAnswersBody(t *testing.T) {
	inModes(t, PoolOptions{}, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "begin")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}, func(t *testing.T, _ mode, f *fixture) {
		m := f.pool.members[0]
		req, call := request(t, m, "GET", "")
		ctx, cancel := context.WithCancel(t.Context())
		resp, err := m.RoundTrip(req.WithContext(ctx), call)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(resp.Body, make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
		cancel()
		_, err = resp.Body.Read(make([]byte, 1))
		if e := wantError(t, err, ClientClosed); !e.Seen {
			t.Error("an answer's byte was seen")
		}
		_ = resp.Body.Close()
		if c := m.Status(); c.InFlight != 0 || c.Counters.Failures != 0 {
			t.Errorf("status %+v", c)
		}
	})
}

// heldConn is a connection whose server does not close it.
type heldConn struct{ net.Conn }

func (heldConn) Close() error { return nil }
