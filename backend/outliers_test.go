package backend

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// court is a pool that looks for outliers, with all members up and what it
// tells of them. It belongs into a bubble: the set judges every second.
type court struct {
	*Pool
	set     *Set
	options PoolOptions
	told    []string
}

func newCourt(t *testing.T, o PoolOptions, size int) *court {
	t.Helper()
	c := &court{options: o}
	c.set = NewSet(SetOptions{OnEvent: func(e Event) {
		if e.Kind == Ejected || e.Kind == Readmitted {
			c.told = append(c.told, fmt.Sprintf("%s %v %s", e.Backend, e.Kind, e.Reason))
		}
	}})
	t.Cleanup(c.set.Close)
	c.options.Name = "app"
	c.options.Backends = weighted(repeat(size, 1)...)
	c.build(t)
	setStates(c.Pool, Up)
	return c
}

// build starts the pool without its checkers.
func (c *court) build(t *testing.T) {
	t.Helper()
	pools, err := c.set.Build([]PoolOptions{c.options})
	if err != nil {
		t.Fatal(err)
	}
	c.Pool = pools.Pool("app")
	c.shared.current.Store(c.Pool)
	c.watchOutliers(time.Now())
	c.set.events.deliver()
}

// serves lets a member answer n requests with a status, each after d.
func (c *court) serves(member, n, status int, d time.Duration) {
	m := c.members[member]
	for range n {
		m.conduct.Load().took(d)
		m.answeredWith(status)
	}
}

// out returns which members are ejected.
func (c *court) out() []int {
	var all []int
	for i, m := range c.members {
		if m.Status().Ejected != nil {
			all = append(all, i)
		}
	}
	return all
}

func (c *court) wantOut(t *testing.T, when string, want ...int) {
	t.Helper()
	synctest.Wait()
	if got := c.out(); !slices.Equal(got, want) {
		t.Fatalf("%s: ejected are %v, want %v", when, got, want)
	}
}

func TestErrorsInARowEject(t *testing.T) {
	for _, status := range []int{502, 503, 504} {
		synctest.Test(t, func(t *testing.T) {
			c := newCourt(t, PoolOptions{Policy: RoundRobin, Outliers: &Outliers{Consecutive: 3}}, 3)
			c.serves(0, 2, status, 0)
			c.serves(0, 1, 500, 0)
			c.serves(0, 2, status, 0)
			c.wantOut(t, "never three in a row")
			begin := time.Now()
			c.serves(0, 1, status, 0)
			c.wantOut(t, "after three in a row", 0)
			want := Ejection{Reason: "3 gateway errors in a row", Errors: true, Since: begin, Until: begin.Add(30 * time.Second)}
			m := c.members[0]
			if got := *m.Status().Ejected; got != want {
				t.Errorf("status %+v, want %+v", got, want)
			}
			if m.Takes(Visitor{}) || m.Takes(Visitor{Known: true}) || m.State() != Up {
				t.Errorf("takes new %v, known %v; %v", m.Takes(Visitor{}), m.Takes(Visitor{Known: true}), m.State())
			}
			if got := picks(c.Pool, 40); got["b0"] != 0 {
				t.Errorf("picked %v", got)
			}
			time.Sleep(29 * time.Second)
			c.wantOut(t, "before its time", 0)
			time.Sleep(2 * time.Second)
			c.wantOut(t, "after its time")
			if got := picks(c.Pool, 30); got["b0"] != 10 {
				t.Errorf("picked %v, once it is back", got)
			}
			if want := []string{"b0 ejected 3 gateway errors in a row", "b0 readmitted 3 gateway errors in a row"}; !slices.Equal(c.told, want) {
				t.Errorf("told %q", c.told)
			}
		})
	}
}

func TestTheShareOfErrorsEjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCourt(t, PoolOptions{Outliers: &Outliers{ErrorPercent: 50, Requests: 20}}, 4)
		alternate := func(member, n int, status ...int) {
			for range n {
				for _, s := range status {
					c.serves(member, 1, s, 0)
				}
			}
		}
		alternate(0, 10, 200, 503)      // half of twenty
		alternate(1, 9, 200, 503)       // too few
		alternate(2, 20, 200, 200, 503) // not half
		alternate(3, 20, 404, 500)      // not such errors
		c.wantOut(t, "at once")
		time.Sleep(1500 * time.Millisecond)
		c.wantOut(t, "when the judge has looked", 0)
		if r := c.members[0].Status().Ejected; r.Reason != "50 % of 20 requests failed" || !r.Errors {
			t.Errorf("%+v", r)
		}
		time.Sleep(15 * time.Second)
		alternate(1, 1, 200, 503)
		time.Sleep(2 * time.Second)
		c.wantOut(t, "when the rest is out of the window", 0)
	})
}

func TestWhoIsSlowBesideTheOthersIsEjected(t *testing.T) {
	for _, tt := range []struct {
		name  string
		times []time.Duration
		out   []int
	}{
		{"one slow", []time.Duration{900 * time.Millisecond, 50 * time.Millisecond, 60 * time.Millisecond}, []int{0}},
		{"one slow of two", []time.Duration{50 * time.Millisecond, 900 * time.Millisecond}, []int{1}},
		{"all slow", []time.Duration{900 * time.Millisecond, 800 * time.Millisecond, 700 * time.Millisecond}, nil},
		{"a little slower", []time.Duration{300 * time.Millisecond, 100 * time.Millisecond, 110 * time.Millisecond}, nil},
		{"nobody would feel it", []time.Duration{60 * time.Millisecond, time.Millisecond, time.Millisecond}, nil},
		{"nobody to compare with", []time.Duration{0, 900 * time.Millisecond, 0}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCourt(t, PoolOptions{Outliers: &Outliers{Latency: 4}}, len(tt.times))
				for i, d := range tt.times {
					if d > 0 {
						c.serves(i, 20, 200, d)
						c.serves(i, 5, 200, time.Minute) // a few reports say nothing
					}
				}
				time.Sleep(1500 * time.Millisecond)
				c.wantOut(t, "in the end", tt.out...)
				for _, i := range tt.out {
					m := c.members[i]
					if m.Takes(Visitor{}) || !m.Takes(Visitor{Known: true}) {
						t.Error("one that is slow keeps those it knows, and takes nobody new")
					}
				}
			})
		})
	}
}

func TestFewAnswersAreNoMeasure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCourt(t, PoolOptions{Outliers: &Outliers{Latency: 4}}, 2)
		c.serves(0, 19, 200, 5*time.Second)
		c.serves(1, 40, 200, time.Millisecond)
		time.Sleep(1500 * time.Millisecond)
		c.wantOut(t, "with 19 answers")
		c.serves(0, 1, 200, 5*time.Second)
		time.Sleep(time.Second)
		c.wantOut(t, "with 20 answers", 0)
	})
}

func TestNeverMoreThanHalfOfThePoolIsOut(t *testing.T) {
	for size, most := range []int{0, 0, 1, 1, 2, 2, 3} {
		if size == 0 {
			continue
		}
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCourt(t, PoolOptions{Outliers: &Outliers{Consecutive: 5, ErrorPercent: 50, Eject: time.Hour}}, size)
				for range 3 {
					for i := range size {
						c.serves(i, 100, 503, 0)
					}
					time.Sleep(time.Second)
					if n := len(c.out()); n != most {
						t.Errorf("%d of %d are out, want %d", n, size, most)
					}
				}
			})
		})
	}
}

func TestAPoolThatShrinksReadmitsItsOldestOutliers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCourt(t, PoolOptions{Outliers: &Outliers{Consecutive: 5, Eject: time.Hour, EjectMax: time.Hour}}, 6)
		for _, i := range []int{2, 0, 1} {
			c.serves(i, 5, 503, 0)
			time.Sleep(time.Second)
		}
		c.wantOut(t, "of six", 0, 1, 2)
		c.options.Backends = c.options.Backends[:4]
		c.build(t)
		time.Sleep(1500 * time.Millisecond)
		c.wantOut(t, "of four", 0, 1)
		c.options.Backends = c.options.Backends[:1]
		c.build(t)
		time.Sleep(time.Second)
		c.wantOut(t, "of one")
	})
}

func TestTheLastThatTakesVisitorsIsNotEjected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCourt(t, PoolOptions{Outliers: &Outliers{Consecutive: 5}}, 4)
		c.members[1].Give(Order{Duty: Draining})
		setStates(c.Pool, Up, Up, Down, Unproven)
		c.serves(0, 9, 503, 0)
		time.Sleep(2 * time.Second)
		c.wantOut(t, "while it is the last")
		setStates(c.Pool, Up)
		time.Sleep(time.Second)
		c.wantOut(t, "when there are others", 0)
	})
}

func TestAnEjectedOneIsBetterThanNobody(t *testing.T) {
	for _, policy := range allPolicies {
		synctest.Test(t, func(t *testing.T) {
			c := newCourt(t, PoolOptions{Policy: policy, TryAll: true, Outliers: &Outliers{Consecutive: 5}}, 2)
			c.serves(0, 5, 503, 0)
			c.wantOut(t, "after errors", 0)
			asks(c.members[1], Keep)
			if m, _ := c.Pick(Tried{}); m != c.members[1] {
				t.Errorf("%s: picked %s, before one that asks to be drained", policy, m.Name())
			}
			setStates(c.Pool, Up, Down)
			if m, last := c.Pick(Tried{}); m != c.members[0] || last {
				t.Errorf("%s: picked %s, last resort %v", policy, m.Name(), last)
			}
			if !c.members[0].Outranks(nil) || !c.members[0].Outranks(c.members[1]) {
				t.Errorf("%s: a visitor of an ejected one has to go where nobody is", policy)
			}
		})
	}
}

func TestEjectionsGrowAndAreForgotten(t *testing.T) {
	o := &Outliers{Consecutive: 1, Eject: 10 * time.Second, EjectMax: 35 * time.Second}
	synctest.Test(t, func(t *testing.T) {
		c := newCourt(t, PoolOptions{Outliers: o}, 2)
		term := func(when string, want time.Duration) {
			t.Helper()
			c.serves(0, 1, 503, 0)
			c.wantOut(t, when, 0)
			e := c.members[0].Status().Ejected
			if d := e.Until.Sub(e.Since); d != want {
				t.Errorf("%s: %v, want %v", when, d, want)
			}
			time.Sleep(want + 1100*time.Millisecond)
			c.wantOut(t, when+", later")
		}
		term("the first", 10*time.Second)
		term("the second", 20*time.Second)
		term("the third", 35*time.Second)
		term("the fourth", 35*time.Second)
		time.Sleep(75 * time.Second) // two are forgotten
		term("after good time", 35*time.Second)
		time.Sleep(200 * time.Second)
		term("after much good time", 10*time.Second)
	})
}

func TestAnOutageIsNotHeldAgainstABackendTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCourt(t, PoolOptions{Outliers: &Outliers{Consecutive: 5, ErrorPercent: 50}}, 2)
		m := c.members[0]
		c.serves(0, 30, 503, 0)
		c.wantOut(t, "after errors", 0)
		m.health.become(Down, "refused")
		c.serves(0, 30, 503, 0) // what was under way
		m.health.become(Up, "")
		c.set.events.deliver()
		c.wantOut(t, "after an outage")
		c.serves(0, 1, 200, 0)
		time.Sleep(2 * time.Second)
		c.wantOut(t, "later")
	})
}

func TestAnEjectedOneComesBackSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCourt(t, PoolOptions{SlowStart: time.Minute, Outliers: &Outliers{Consecutive: 5}}, 2)
		c.serves(0, 5, 503, 0)
		time.Sleep(31 * time.Second)
		c.wantOut(t, "after its time")
		if r := c.members[0].Status().Ramp; r > 0.1 {
			t.Errorf("ramp %v", r)
		}
	})
}

func TestAReloadWithoutOutliersEndsEjections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCourt(t, PoolOptions{Outliers: &Outliers{Consecutive: 5}}, 2)
		c.serves(0, 5, 503, 0)
		c.build(t)
		c.wantOut(t, "after a reload", 0)
		c.options.Outliers = nil
		c.build(t)
		c.wantOut(t, "after a reload without outliers")
		c.members[0].answeredWith(503) // and nobody counts
		c.members[0].erred()
	})
}

func TestRequestsTellOutliers(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode.name, func(t *testing.T) {
			url, config := serve(t, mode.protocol, mode.secure, func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/cut":
					panic(http.ErrAbortHandler)
				case "/well":
				default:
					w.WriteHeader(http.StatusServiceUnavailable)
				}
			})
			f := start(t, PoolOptions{
				Protocol: mode.protocol, TLS: config,
				Check:    CheckOptions{Kind: CheckTCP, Interval: time.Hour},
				Outliers: &Outliers{Consecutive: 3, Latency: 3},
			}, url, url)
			f.is(t, 0, Up)
			f.is(t, 1, Up)
			m := f.pool.members[0]
			if _, _, err := exchange(t, m, "POST", "x"); err != nil {
				t.Fatal(err)
			}
			req, call := request(t, m, "POST", "x")
			req.URL.Path, call.Fresh = "/cut", true
			if resp, err := m.RoundTrip(req, call); err == nil {
				_ = resp.Body.Close() // it should not be there
				t.Fatal("the exchange was not cut")
			}
			c := m.conduct.Load()
			if n := c.row.Load(); n != 2 && mode.protocol == H1 {
				t.Errorf("%d errors in a row, want 2", n)
			}
			// Over HTTP/2 an answer that overtakes the end of its request is not
			// a measure of the backend.
			for range 100 {
				if c.typical(1) != 0 {
					break
				}
				req, call := request(t, m, "GET", "")
				req.URL.Path = "/well"
				resp, err := m.RoundTrip(req, call)
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close() // it is empty
			}
			if c.typical(1) == 0 {
				t.Error("no time was taken")
			}
			for range 3 {
				if _, _, err := exchange(t, m, "POST", "x"); err != nil {
					t.Fatal(err)
				}
			}
			if m.Status().Ejected == nil || len(f.told(Ejected)) != 1 {
				t.Errorf("status %+v, events %+v", m.Status(), f.told(Ejected))
			}
		})
	}
}

func TestFailedConnectsTellOutliers(t *testing.T) {
	s, _ := serve(t, H1, false, echo)
	f := start(t, PoolOptions{Check: CheckOptions{Fall: 100}, Outliers: &Outliers{Consecutive: 2}}, s, s)
	f.is(t, 0, Up)
	f.is(t, 1, Up)
	m := f.pool.members[0]
	for range 2 {
		newAttempt(m, nil, new(Call)).failed(&Error{Kind: ConnectFailed, Err: errFull})
	}
	if m.Status().Ejected == nil {
		t.Error("not ejected")
	}
}

func TestTheWindowMovesWithTheTime(t *testing.T) {
	for _, tt := range []struct {
		window time.Duration
		after  []time.Duration // looks, since the start
		left   int
	}{
		{10 * time.Second, []time.Duration{0, time.Second, 7 * time.Second}, 1},
		{10 * time.Second, []time.Duration{0, 7 * time.Second, 9 * time.Second, 11 * time.Second}, 0},
		{time.Second, []time.Duration{0, 999 * time.Millisecond}, 1},
		{time.Second, []time.Duration{0, time.Second}, 0},
		{time.Second, []time.Duration{0, time.Hour}, 0},
	} {
		c, begin := new(conduct), time.Now()
		c.advance(begin, tt.window)
		c.good()
		for _, d := range tt.after {
			c.advance(begin.Add(d), tt.window)
		}
		if n, _ := c.share(); n != tt.left {
			t.Errorf("window %v, looks after %v: %d are left, want %d", tt.window, tt.after, n, tt.left)
		}
	}
}
