package backend

import (
	"bufio"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"sterling/internal/http1"
)

// freezable starts a pool with checks that find a frozen backend soon, and
// says that its only backend is up.
func freezable(t *testing.T, o PoolOptions, url string) *fixture {
	o.Check = CheckOptions{Kind: CheckHTTP, Interval: 500 * time.Millisecond, Timeout: 500 * time.Millisecond, Fall: 2}
	f := start(t, o, url)
	f.is(t, 0, Down)
	setStates(f.pool, Up)
	return f
}

func TestAFrozenBackendIsFoundAndWaitingRequestsMove(t *testing.T) {
	for _, protocol := range []Protocol{H1, H2C} {
		t.Run(string(protocol), func(t *testing.T) {
			f := freezable(t, PoolOptions{Protocol: protocol, Timeouts: Timeouts{Response: time.Minute}}, frozenServer(t))
			m := f.pool.members[0]
			for range latencyEnough { // it used to be fast
				m.latency.observe(time.Millisecond)
			}
			req, call := request(t, m, "PUT", "payload")
			call.Movable = true
			begin := time.Now()
			_, err := m.RoundTrip(req, call)
			e := wantError(t, err, Moved)
			if !e.Sent || e.Seen || e.NothingSent() {
				t.Errorf("sent %v, seen %v", e.Sent, e.Seen)
			}
			t.Logf("moved after %v", time.Since(begin))
			if m.State() != Down || m.InFlight() != 0 {
				t.Errorf("%v, %d in flight", m.State(), m.InFlight())
			}
			c := m.Status().Counters
			if c.Moved != 1 || c.Suspected != 1 || c.Failures != 0 {
				t.Errorf("counters %+v", c)
			}
			if reader, ok := call.Body.Attempt(); !ok || reader == nil {
				t.Error("the body cannot be sent elsewhere")
			}
		})
	}
}

func TestRequestsThatMustNotBeSentTwiceWaitOn(t *testing.T) {
	for _, protocol := range []Protocol{H1, H2C} {
		t.Run(string(protocol), func(t *testing.T) {
			f := freezable(t, PoolOptions{Protocol: protocol, Timeouts: Timeouts{Response: 2 * time.Second}}, frozenServer(t))
			m := f.pool.members[0]
			req, call := request(t, m, "POST", "payload")
			failed := make(chan error)
			go func() {
				_, err := m.RoundTrip(req, call)
				failed <- err
			}()
			f.is(t, 0, Down)
			select {
			case err := <-failed:
				t.Fatalf("it did not wait on: %v", err)
			default:
			}
			wantError(t, <-failed, ResponseTimeout)
		})
	}
}

func TestARequestWhoseBodyCannotBeReplayedWaitsOn(t *testing.T) {
	f := freezable(t, PoolOptions{Timeouts: Timeouts{Response: 2 * time.Second}}, frozenServer(t))
	m := f.pool.members[0]
	req, call := request(t, m, "PUT", "")
	call.Movable = true
	req.ContentLength = 1000
	call.Body = http1.NewSpool(zeros(1000), 10)
	_, err := m.RoundTrip(req, call)
	wantError(t, err, ResponseTimeout)
}

func TestALastResortIsNotMovedForBeingDown(t *testing.T) {
	s := startRaw(t, reading("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	f := start(t, PoolOptions{TryAll: true}, s.url)
	f.is(t, 0, Up)
	setStates(f.pool, Down)
	m, last := f.pool.Pick(Tried{})
	if m == nil || !last {
		t.Fatalf("picked %v, last resort %v", m, last)
	}
	req, call := request(t, m, "GET", "")
	call.Movable = true
	resp, err := m.RoundTrip(req, call)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if m.State() != Up {
		t.Errorf("%v after an answer, without checks to say otherwise", m.State())
	}
}

func TestTheLastAvailableBackendDoesNotGoDownSilently(t *testing.T) {
	s0, s1 := startRaw(t, reading("")), startRaw(t, reading(""))
	f := start(t, PoolOptions{Check: CheckOptions{Kind: CheckTCP, Interval: 50 * time.Millisecond}}, s0.url, s1.url)
	f.is(t, 0, Up)
	f.is(t, 1, Up)
	s0.stop()
	f.is(t, 0, Down)
	s1.stop()
	f.is(t, 1, Down)
	eventually(t, "both are told", func() bool { return len(f.told(StateChanged)) == 4 })
	for _, e := range f.told(StateChanged)[2:] {
		if e.To != Down || e.LastAvailable != (e.Backend == "b1") || e.Reason != "connection refused" || e.Pool != "app" {
			t.Errorf("event %+v", e)
		}
	}
}

func TestAnAnswerThatHasBegunIsNotMoved(t *testing.T) {
	begin, goOn := make(chan struct{}), make(chan struct{})
	s := startRaw(t, func(c net.Conn) {
		defer func() { _ = c.Close() }()
		if readRequest(bufio.NewReader(c)) != nil {
			return
		}
		<-begin
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nCont")
		<-goOn
		_, _ = io.WriteString(c, "ent-Length: 2\r\n\r\nok")
	})
	mayGoOn := sync.OnceFunc(func() { close(goOn) })
	t.Cleanup(mayGoOn)
	f := start(t, PoolOptions{Check: CheckOptions{Interval: time.Hour}}, s.url)
	f.is(t, 0, Up)
	m := f.pool.members[0]
	waits := func() bool {
		m.waiting.mu.Lock()
		defer m.waiting.mu.Unlock()
		return m.waiting.first != nil
	}
	req, call := request(t, m, "GET", "")
	call.Movable = true
	ended := make(chan error, 1)
	go func() {
		resp, err := m.RoundTrip(req, call)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		ended <- err
	}()
	eventually(t, "it waits", waits)
	close(begin)
	eventually(t, "it has begun", func() bool { return !waits() })
	setStates(f.pool, Down)
	m.waiting.moveAll()
	mayGoOn()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestWhatWasMovedBeforeItsFirstByteHasSeenNone(t *testing.T) {
	s := startRaw(t, reading("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	f := start(t, PoolOptions{Check: CheckOptions{Interval: time.Hour}}, s.url)
	f.is(t, 0, Up)
	req, call := request(t, f.pool.members[0], "GET", "")
	call.Movable = true
	a := newAttempt(f.pool.members[0], req, call)
	a.own.firstByte = func() error {
		a.interrupt(errMoved) // at the last moment
		return a.firstByte()
	}
	_, err := a.member.transport.roundTrip(a)
	if err == nil || err.Kind != Moved || err.Seen || !err.Sent {
		t.Errorf("%+v", err)
	}
}

// zeros is a body of that many bytes.
func zeros(n int) *zeroBody { return &zeroBody{left: n} }

type zeroBody struct{ left int }

func (z *zeroBody) Read(p []byte) (int, error) {
	n := min(len(p), z.left)
	clear(p[:n])
	if z.left -= n; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
