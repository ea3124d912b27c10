package backend

import (
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"sterling/internal/proxytest"
)

// places is a budget of max.
type places struct {
	max, open atomic.Int64
}

func (p *places) Take() bool {
	if p.open.Add(1) > p.max.Load() {
		p.open.Add(-1)
		return false
	}
	return true
}

func (p *places) Give() { p.open.Add(-1) }

// budgeted is a set whose connections have places.
func budgeted(t *testing.T, budget *places, protocol Protocol, url string) *fixture {
	t.Helper()
	proxytest.CheckLeaks(t)
	f := &fixture{}
	f.set = NewSet(SetOptions{OnEvent: f.note, Resolver: noNames(), Descriptors: budget})
	t.Cleanup(f.set.Close)
	f.reload(t, PoolOptions{Name: "app", Protocol: protocol, Backends: members(t, url)})
	t.Cleanup(func() { f.pools.Retire() })
	f.is(t, 0, Up)
	return f
}

func TestWithoutADescriptorNothingIsSentAndNobodyBlamed(t *testing.T) {
	for _, protocol := range []Protocol{H1, H2C} {
		t.Run(string(protocol), func(t *testing.T) {
			url, _ := serve(t, protocol, false, echo)
			budget := new(places)
			f := budgeted(t, budget, protocol, url)
			m := f.pool.members[0]
			for range 5 {
				_, _, err := exchange(t, m, http.MethodPost, "x")
				if e := wantError(t, err, NoDescriptors); !e.NothingSent() {
					t.Errorf("%+v", e)
				}
			}
			if c := m.Status().Counters; m.State() != Up || c.Failures != 0 || m.InFlight() != 0 {
				t.Errorf("%v, %+v, %d in flight", m.State(), c, m.InFlight())
			}
			budget.max.Store(1)
			if _, _, err := exchange(t, m, http.MethodPost, "x"); err != nil {
				t.Errorf("there is a place now: %v", err)
			}
		})
	}
}

func TestIdleConnectionsAreGivenUpAndBusyOnesNot(t *testing.T) {
	for _, protocol := range []Protocol{H1, H2C} {
		t.Run(string(protocol), func(t *testing.T) {
			url, _ := serve(t, protocol, false, echo)
			budget := new(places)
			budget.max.Store(10)
			f := budgeted(t, budget, protocol, url)
			m := f.pool.members[0]
			if f.set.GiveUpIdle() {
				t.Error("there is none yet")
			}
			req, call := request(t, m, http.MethodPost, "x")
			resp, err := m.RoundTrip(req, call)
			if err != nil {
				t.Fatal(err)
			}
			if protocol == H1 && f.set.GiveUpIdle() {
				t.Error("it was in use")
			}
			if text, err := io.ReadAll(resp.Body); err != nil || len(text) == 0 {
				t.Errorf("%q, %v", text, err)
			}
			_ = resp.Body.Close()
			if n := budget.open.Load(); n != 1 {
				t.Errorf("%d places are taken", n)
			}
			eventually(t, "it to be given up", f.set.GiveUpIdle)
			eventually(t, "its place to be given back", func() bool { return budget.open.Load() == 0 })
			if _, _, err := exchange(t, m, http.MethodPost, "x"); err != nil {
				t.Errorf("a request after it: %v", err)
			}
		})
	}
}
