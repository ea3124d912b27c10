package backend

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// asked is a Hedger that counts how often it was told, and may give up.
type asked struct {
	givesUp bool
	times   atomic.Int32
	gaveUp  atomic.Bool
}

func (h *asked) Hedge(giveUp func() bool) {
	h.times.Add(1)
	if h.givesUp {
		go func() { h.gaveUp.Store(giveUp()) }()
	}
}

// slowToFail checks soon, and takes no backend down within the test.
func slowToFail() CheckOptions {
	return CheckOptions{Kind: CheckHTTP, Interval: time.Second, Timeout: time.Minute}
}

func TestARequestIsGivenUpAtABackendThatDoesNotAnswer(t *testing.T) {
	for _, protocol := range []Protocol{H1, H2C} {
		for _, tt := range []struct {
			name  string
			check CheckOptions
			call  Call
		}{
			{"at once", CheckOptions{Kind: Passive}, Call{HedgeAfter: 10 * time.Millisecond}},
			{"when it is slow for what it is", CheckOptions{Kind: Passive}, Call{}},
			{"when it looks frozen", slowToFail(), Call{HedgeFrozen: true}},
			{"when it looks frozen, but not before", slowToFail(), Call{HedgeFrozen: true, HedgeAfter: 300 * time.Millisecond}},
			{"when it looks frozen, though suspected later", slowToFail(), Call{HedgeFrozen: true, HedgeAfter: time.Millisecond}},
		} {
			t.Run(string(protocol)+" "+tt.name, func(t *testing.T) {
				f := start(t, PoolOptions{Protocol: protocol, Check: tt.check, Timeouts: Timeouts{Response: 20 * time.Second}}, frozenServer(t))
				m := f.pool.members[0]
				setStates(f.pool, Up)
				h := &asked{givesUp: true}
				req, call := request(t, m, "GET", "")
				call.Body, call.Movable, call.Hedge = nil, true, h
				call.HedgeAfter, call.HedgeFrozen = tt.call.HedgeAfter, tt.call.HedgeFrozen
				_, err := m.RoundTrip(req, call)
				if e := wantError(t, err, Hedged); e.Seen {
					t.Error("a byte of an answer was seen")
				}
				if m.State() != Up || m.Frozen() != tt.call.HedgeFrozen || h.times.Load() != 1 {
					t.Errorf("%v, frozen %v, told %d times", m.State(), m.Frozen(), h.times.Load())
				}
				c := m.Status().Counters
				if c.Hedged != 1 || c.Failures != 0 || m.InFlight() != 0 {
					t.Errorf("%d in flight, counters %+v", m.InFlight(), c)
				}
			})
		}
	}
}

func TestWhatIsAnsweredIsNotGivenUp(t *testing.T) {
	for _, protocol := range []Protocol{H1, H2C} {
		t.Run(string(protocol), func(t *testing.T) {
			late := make(chan struct{})
			url, _ := serve(t, protocol, false, func(w http.ResponseWriter, _ *http.Request) {
				<-late
				_, _ = io.WriteString(w, "slow")
			})
			f := start(t, PoolOptions{Protocol: protocol, Timeouts: Timeouts{Response: 20 * time.Second}}, url)
			m := f.pool.members[0]
			h := &releases{late: late}
			req, call := request(t, m, "GET", "")
			call.Body, call.Movable, call.HedgeAfter, call.Hedge = nil, true, time.Millisecond, h
			answer, err := m.RoundTrip(req, call)
			if err != nil {
				t.Fatal(err)
			}
			if h.giveUp() {
				t.Error("given up after its answer")
			}
			if got, err := io.ReadAll(answer.Body); err != nil || string(got) != "slow" {
				t.Errorf("answer %q, %v", got, err)
			}
			_ = answer.Body.Close()
		})
	}
}

// releases is a Hedger that has the backend answer.
type releases struct {
	late   chan struct{}
	giveUp func() bool
}

func (r *releases) Hedge(giveUp func() bool) {
	r.giveUp = giveUp
	close(r.late)
}

func TestARequestThatMustWaitForFrostIsNotHedgedForSlowness(t *testing.T) {
	f := start(t, PoolOptions{Check: CheckOptions{Kind: CheckTCP, Interval: time.Second}, Timeouts: Timeouts{Response: time.Second}}, frozenServer(t))
	m := f.pool.members[0]
	setStates(f.pool, Up)
	h := &asked{}
	req, call := request(t, m, "GET", "")
	call.Body, call.Movable, call.HedgeFrozen, call.Hedge = nil, true, true, h
	_, err := m.RoundTrip(req, call)
	wantError(t, err, ResponseTimeout)
	if h.times.Load() != 0 {
		t.Errorf("told %d times, though the checks are answered", h.times.Load())
	}
}

func TestTheEndOfAContextMayBeAHedge(t *testing.T) {
	f := start(t, PoolOptions{}, frozenServer(t))
	m := f.pool.members[0]
	req, call := request(t, m, "GET", "")
	call.Body = nil
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { cancel(ErrHedged) })
	_, err := m.RoundTrip(req.WithContext(ctx), call)
	wantError(t, err, Hedged)
}

func TestTheEarlierOfHedgeAndSuspicionIsNext(t *testing.T) {
	p := upPool(t, RoundRobin, 1)
	p.check.Kind = CheckTCP
	for _, tt := range []struct {
		name  string
		call  Call
		after []time.Duration
	}{
		{"suspicion alone", Call{}, []time.Duration{suspectUnknown}},
		{"both at once", Call{Hedge: &asked{}}, []time.Duration{suspectUnknown}},
		{"the hedge first", Call{Hedge: &asked{}, HedgeAfter: time.Second / 4}, []time.Duration{time.Second / 4, suspectUnknown}},
		{"the hedge later", Call{Hedge: &asked{}, HedgeAfter: time.Second}, []time.Duration{suspectUnknown, time.Second}},
	} {
		a := &attempt{member: p.members[0], call: &tt.call}
		var got []time.Duration
		for at := a.patience(); at > 0; at = a.linger() {
			got = append(got, at)
		}
		if !slices.Equal(got, tt.after) {
			t.Errorf("%s: after %v, want %v", tt.name, got, tt.after)
		}
	}
}
