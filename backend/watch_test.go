package backend

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"sterling/internal/http1"
)

// client is the context of a request whose client may leave. It can be asked,
// and must not be waited for.
type client struct {
	context.Context
	t     *testing.T
	left  atomic.Bool
	asked atomic.Int64
}

func (c *client) Done() <-chan struct{} {
	c.t.Error("somebody waits for the client's end")
	return c.Context.Done()
}

func (c *client) Poll() error {
	c.asked.Add(1)
	if c.left.Load() {
		return http1.ErrClosed
	}
	return nil
}

func TestAClientThatLeavesIsFoundByAsking(t *testing.T) {
	for name, part := range map[string]string{
		"before the head": "",
		"within the body": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart",
	} {
		t.Run(name, func(t *testing.T) {
			gone := make(chan struct{})
			s := startRaw(t, func(c net.Conn) {
				defer func() { _ = c.Close() }()
				if readRequest(bufio.NewReader(c)) != nil {
					return // a probe
				}
				_, _ = io.WriteString(c, part)
				_, _ = io.Copy(io.Discard, c)
				close(gone)
			})
			f := start(t, PoolOptions{}, s.url)
			f.is(t, 0, Up)
			m := f.pool.members[0]
			at := &client{Context: t.Context(), t: t}
			req, call := request(t, m, http.MethodGet, "")
			failed := make(chan error, 1)
			go func() {
				res, err := m.RoundTrip(req.WithContext(at), call)
				if err == nil {
					_, err = io.ReadAll(res.Body)
					_ = res.Body.Close()
				}
				failed <- err
			}()
			eventually(t, "the client is asked for twice", func() bool { return at.asked.Load() >= 2 })
			at.left.Store(true)
			e := wantError(t, <-failed, ClientClosed)
			if e.Seen != (part != "") || !e.Sent {
				t.Errorf("%+v", e)
			}
			<-gone
			if m.InFlight() != 0 {
				t.Error("it is in flight still")
			}
		})
	}
}

func TestAClientThatHasLeftGetsNothing(t *testing.T) {
	var requests atomic.Int64
	f, _ := kept(t, startRaw(t, keeping(&requests)))
	m := f.pool.members[0]
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []context.Context{ctx, pollable{ctx}} {
		req, call := request(t, m, http.MethodGet, "")
		_, err := m.RoundTrip(req.WithContext(c), call)
		if e := wantError(t, err, ClientClosed); e.Sent {
			t.Errorf("%+v", e)
		}
	}
	if requests.Load() != 1 {
		t.Error("a request was sent")
	}
}

// Most attempts are over before they enter the list of those that wait.
func TestAnAttemptIsMovedThoughItWasNotListedInTime(t *testing.T) {
	s := startRaw(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	f := start(t, PoolOptions{Check: CheckOptions{Interval: time.Hour}}, s.url)
	f.is(t, 0, Up)
	m := f.pool.members[0]
	a := newAttempt(m, browser(t, m, http.MethodGet), &Call{Movable: true})
	if a.step() != nil || !a.listed.Load() || m.waiting.first != a {
		t.Fatal("after a step it is not in the list")
	}
	m.waiting.moveAll()
	if err := a.step(); err != errMoved { //nolint:errorlint // the very one
		t.Errorf("%v after the list was moved", err)
	}
	m.waiting.remove(a)
	for name, tc := range map[string]struct {
		before  State
		call    Call
		stays   bool
		want    error
		listing bool
	}{
		"marked down since":             {before: Up, call: Call{Movable: true}, want: errMoved, listing: true},
		"down from the first":           {before: Down, call: Call{Movable: true}, listing: true},
		"must not be sent twice":        {before: Up},
		"a byte of the answer was seen": {before: Up, call: Call{Movable: true}, stays: true},
	} {
		t.Run(name, func(t *testing.T) {
			setStates(f.pool, Down)
			a := newAttempt(m, browser(t, m, http.MethodGet), &tc.call)
			a.before, a.stays = tc.before, tc.stays
			if err := a.step(); err != tc.want || a.listed.Load() != tc.listing { //nolint:errorlint // the very one
				t.Errorf("%v, listed %v", err, a.listed.Load())
			}
			m.waiting.remove(a)
		})
	}
}

func TestWhoWaitsWhenABackendIsMarkedDownIsMoved(t *testing.T) {
	asked := make(chan struct{}, 1)
	s := startRaw(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		for first := true; readRequest(r) == nil; first = false {
			if first {
				_, _ = io.WriteString(c, echoAnswer)
			} else {
				asked <- struct{}{}
			}
		}
	})
	f := start(t, PoolOptions{Check: CheckOptions{Interval: time.Hour}}, s.url)
	f.is(t, 0, Up)
	m := f.pool.members[0]
	for range 2 {
		finished(t, m, browser(t, m, http.MethodGet), &Call{})
		failed := make(chan error, 1)
		go func() {
			_, err := m.RoundTrip(browser(t, m, http.MethodGet), &Call{Movable: true})
			failed <- err
		}()
		<-asked
		setStates(f.pool, Down) // nobody is told: it finds out by itself
		wantError(t, <-failed, Moved)
		setStates(f.pool, Up)
	}
}
