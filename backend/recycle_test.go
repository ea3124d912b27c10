package backend

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sterling/internal/http1"
)

// finished makes an exchange, reads the answer, and returns its attempt.
func finished(t *testing.T, m *Member, req *http.Request, call *Call) *attempt {
	t.Helper()
	res, err := m.RoundTrip(req, call)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	return call.attempt
}

func TestAnAttemptThatIsOverIsAsGoodAsNew(t *testing.T) {
	m := start(t, PoolOptions{}, startRaw(t, frugal).url).pool.members[0]
	for range 3 {
		call := &Call{Movable: true}
		a := finished(t, m, browser(t, m, http.MethodGet), call)
		if !a.reclaim() {
			t.Fatal("something may still hold it")
		}
		a.own = callbacks{}
		if a.member != nil || a.req != nil || a.call != nil || a.polled != nil || a.unhook != nil || a.conn != nil || a.over ||
			a.cause != nil || a.cancel != nil || a.stays || a.caught || a.ended.Load() || a.listed.Load() || a.next != nil ||
			a.body != (h1Body{}) || a.exchange.Request != nil || a.exchange.Memory != nil {
			t.Errorf("left over: %+v", a)
		}
	}
}

func TestAnAttemptThatSomethingMayStillHoldIsNotUsedAgain(t *testing.T) {
	hold := make(chan struct{})
	s, _ := serve(t, H1, false, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "2")
		_, _ = io.WriteString(w, "o")
		if r.URL.RawQuery == "hold" {
			_ = http.NewResponseController(w).Flush()
			<-hold
		}
		_, _ = io.WriteString(w, "k")
	})
	f := start(t, PoolOptions{}, s)
	m := f.pool.members[0]
	t.Run("its body is still read", func(t *testing.T) {
		req, call := request(t, m, http.MethodGet, "")
		req.URL.RawQuery = "hold"
		res, err := m.RoundTrip(req, call)
		if err != nil {
			t.Fatal(err)
		}
		if call.attempt.reclaim() {
			t.Error("it was taken")
		}
		close(hold)
		_, _ = io.Copy(io.Discard, res.Body)
		if !call.attempt.reclaim() {
			t.Error("the body was read to its end")
		}
	})
	t.Run("its body was sent by a goroutine", func(t *testing.T) {
		req, call := request(t, m, http.MethodPost, "payload")
		if finished(t, m, req, call).reclaim() {
			t.Error("it was taken")
		}
	})
	t.Run("its context had ended", func(t *testing.T) {
		req, call := request(t, m, http.MethodGet, "")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		res, err := m.RoundTrip(req.WithContext(ctx), call)
		if err != nil {
			t.Fatal(err)
		}
		callOff := call.attempt.unhook
		call.attempt.unhook = func() bool { _ = callOff(); return false } // as if it had begun
		_, _ = io.Copy(io.Discard, res.Body)
		if call.attempt.reclaim() {
			t.Error("it was taken")
		}
	})
	t.Run("it failed", func(t *testing.T) {
		req, call := request(t, m, http.MethodGet, "")
		req.Method = http.MethodConnect
		if _, err := m.RoundTrip(req, call); err == nil || call.attempt != nil {
			t.Errorf("%v: there is something to recycle", err)
		}
		call.Recycle()
	})
}

// Answers, aborts and marks from all sides, with everything used again at once.
// The race detector is one judge, what arrives the other.
func TestAttemptsAreUsedAgainByMany(t *testing.T) {
	s, _ := serve(t, H1, false, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Query", r.URL.RawQuery)
		_, _ = io.WriteString(w, r.URL.RawQuery)
	})
	f := start(t, PoolOptions{TryAll: true, Check: CheckOptions{Interval: time.Hour}}, s)
	m := f.pool.members[0]
	var wg sync.WaitGroup
	var done atomic.Bool
	wg.Go(func() {
		for !done.Load() { // whatever waits is moved, again and again
			m.waiting.moveAll()
			time.Sleep(time.Millisecond)
		}
	})
	var clients sync.WaitGroup
	for n := range 8 {
		clients.Go(func() {
			for i := range 200 {
				ctx, cancel := context.WithCancel(t.Context())
				query := string(rune('a'+n)) + "=" + string(rune('a'+i%26))
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.URL().String()+"/?"+query, nil)
				if err != nil {
					t.Error(err)
				}
				if i%7 == 0 {
					time.AfterFunc(100*time.Microsecond, cancel)
				}
				call := &Call{Movable: i%3 > 0}
				if res, err := m.RoundTrip(req, call); err == nil {
					text, err := io.ReadAll(res.Body)
					if err == nil && (string(text) != query || res.Header.Get("X-Query") != query) {
						t.Errorf("asked for %q, got %q and %q", query, text, res.Header.Get("X-Query"))
					}
					_ = res.Body.Close()
					call.Recycle()
				}
				cancel()
			}
		})
	}
	clients.Wait()
	done.Store(true)
	wg.Wait()
	if n := m.InFlight(); n != 0 {
		t.Errorf("%d in flight", n)
	}
}

func TestARecycledCallRecyclesNothingTwice(t *testing.T) {
	m := start(t, PoolOptions{}, startRaw(t, frugal).url).pool.members[0]
	call := &Call{}
	(&Call{}).Recycle()
	finished(t, m, browser(t, m, http.MethodGet), call)
	call.Recycle()
	if call.attempt != nil {
		t.Error("it could be given back again")
	}
	call.Recycle()
}

// A body is of no use to the exchange that follows one which nobody took.
func TestTheExchangeAfterAStaleOneHasItsOwnMemory(t *testing.T) {
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
	// It can no longer be written to, and nothing is to be seen of that.
	transport.discard()
	var raw net.Conn
	transport.dialer.wrap = func(c net.Conn) net.Conn { raw = c; return c }
	if _, _, err := exchange(t, m, http.MethodGet, ""); err != nil {
		t.Fatal(err)
	}
	if err := raw.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	req, call := request(t, m, http.MethodGet, "")
	call.Movable = true
	if a := finished(t, m, req, call); a.exchange.Memory == &a.memory || a.reclaim() {
		t.Error("the attempt is used again")
	}
	if c := m.Status().Counters; call.Reused || c.Stale != 1 || c.Failures != 0 {
		t.Errorf("reused %v, counters %+v", call.Reused, c)
	}
	if n := requests.Load(); n != 3 {
		t.Errorf("%d requests reached the backend, want 3", n)
	}
}

var _ http1.Polled = pollable{}
