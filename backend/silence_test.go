package backend

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// lose is an attempt at m that has waited, and for which another one answered.
func lose(m *Member, waited time.Duration) *Call {
	call := &Call{Began: time.Now().Add(-waited), CountFailure: true}
	newAttempt(m, nil, call).failed(&Error{Kind: Hedged, Err: ErrHedged})
	return call
}

func TestABackendThatIsSilentWhileOthersAnswerIsEjected(t *testing.T) {
	for _, tt := range []struct {
		name   string
		waited time.Duration // by each attempt, until another backend was faster
		most   int           // attempts
	}{
		{"after the usual delay", suspectUnknown, 20},
		{"after a short one", 20 * time.Millisecond, 150},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCourt(t, PoolOptions{Outliers: &Outliers{Consecutive: 3}}, 3)
				c.members[0].health.follow(CheckOptions{Kind: CheckTCP}.withDefaults())
				n := 0
				for ; c.members[0].Status().Ejected == nil && n <= tt.most; n++ {
					time.Sleep(100 * time.Millisecond)
					lose(c.members[0], tt.waited)
				}
				c.wantOut(t, "in the end", 0)
				if s := c.members[0].Status().Counters; s.Hedged != uint64(n) || s.Failures != 3 {
					t.Errorf("after %d attempts %+v", n, s)
				}
			})
		})
	}
}

func TestWhatIsLostAtOnceOrBetweenAnswersSaysNothing(t *testing.T) {
	for _, tt := range []struct {
		name string
		lose func(m *Member)
	}{
		{"after a pause that all backends shared", func(m *Member) {
			for range 100 {
				lose(m, 5*time.Second)
			}
		}},
		{"between answers", func(m *Member) {
			for range 100 {
				time.Sleep(time.Second)
				lose(m, 5*time.Second)
				m.silence.end()
			}
		}},
		{"shortly, now and then", func(m *Member) {
			for range 20 {
				time.Sleep(time.Minute)
				lose(m, 20*time.Millisecond)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCourt(t, PoolOptions{Outliers: &Outliers{Consecutive: 1}}, 3)
				c.members[0].health.follow(CheckOptions{Kind: CheckTCP}.withDefaults())
				tt.lose(c.members[0])
				time.Sleep(2 * time.Second)
				c.wantOut(t, "in the end")
				if s := c.members[0].Status().Counters; s.Failures != 0 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

func TestWhatWasLostIsAtLeastAsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCourt(t, PoolOptions{Outliers: &Outliers{Latency: 4}}, 3)
		for i, m := range c.members {
			m.health.follow(CheckOptions{Kind: CheckTCP}.withDefaults())
			c.serves(i, 30, 200, 10*time.Millisecond)
		}
		time.Sleep(11 * time.Second) // out of the window
		c.serves(1, 30, 200, 10*time.Millisecond)
		c.serves(2, 30, 200, 10*time.Millisecond)
		for range 30 {
			lose(c.members[0], 600*time.Millisecond)
			lose(c.members[1], 10*time.Millisecond) // no measure of what its answers take
		}
		time.Sleep(time.Second)
		c.wantOut(t, "in the end", 0)
		if got := c.members[1].conduct.Load().typical(1); got > 20*time.Millisecond {
			t.Errorf("the other one typically takes %v", got)
		}
		if got := c.members[0].latency.patience(); got != suspectUnknown {
			t.Errorf("patience grew to %v", got)
		}
	})
}

func TestWithoutChecksSilenceTakesABackendDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, PoolOptions{Name: "app", Check: CheckOptions{Kind: Passive}, Backends: weighted(1, 1)})
		setStates(p, Up)
		m := p.members[0]
		m.health.follow(p.check)
		var counted []bool
		for range 4 {
			time.Sleep(time.Second)
			counted = append(counted, lose(m, suspectUnknown).Counted)
		}
		if s := m.Status(); s.State != Down || s.Reason != "no answer for 1s" || !slices.Equal(counted, []bool{false, true, true, true}) {
			t.Errorf("%v: %s; counted %v", s.State, s.Reason, counted)
		}
		m.health.vouched()
		time.Sleep(time.Second)
		if lose(m, suspectUnknown); m.Status().Counters.Failures != 3 {
			t.Error("the silence before the outage is held against it")
		}
	})
}
