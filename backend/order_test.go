package backend

import (
	"fmt"
	"net/url"
	"testing"
	"testing/synctest"
	"time"
)

// asks makes the backend ask for its own drain, as a check's answer does.
func asks(m *Member, mode DrainMode) {
	m.hears(time.Now(), mode)
	m.events.deliver()
}

func TestWhomABackendTakes(t *testing.T) {
	known, silent := Visitor{Known: true, Silent: time.Minute}, Visitor{Known: true, Silent: 5 * time.Minute}
	past, future := time.Now().Add(-time.Second), time.Now().Add(time.Hour)
	for _, tt := range []struct {
		name                string
		order               Order
		fresh, here, silent bool
	}{
		{"serving", Order{}, true, true, true},
		{"keep", Order{Duty: Draining}, false, true, true},
		{"keep, in time", Order{Duty: Draining, Until: future}, false, true, true},
		{"keep, time over", Order{Duty: Draining, Until: past}, false, false, false},
		{"when idle", Order{Duty: Draining, Mode: WhenIdle}, false, true, false},
		{"when idle, quiet", Order{Duty: Draining, Mode: WhenIdle, Quiet: time.Minute}, false, false, false},
		{"when idle, patient", Order{Duty: Draining, Mode: WhenIdle, Quiet: time.Hour}, false, true, true},
		{"now", Order{Duty: Draining, Mode: Now}, false, false, false},
		{"disabled", Order{Duty: Disabled, Mode: Keep}, false, false, false},
	} {
		for _, own := range []bool{false, true} {
			if own && (tt.order.Duty != Draining || tt.order.Quiet != 0 || !tt.order.Until.IsZero()) {
				continue // not what a backend can ask for
			}
			t.Run(fmt.Sprintf("%s/own=%v", tt.name, own), func(t *testing.T) {
				m := upPool(t, RoundRobin, 1, 1).members[0]
				if own {
					asks(m, tt.order.complete("").Mode)
				} else {
					m.Give(tt.order)
				}
				for v, want := range map[Visitor]bool{{}: tt.fresh, known: tt.here, silent: tt.silent} {
					if m.Takes(v) != want {
						t.Errorf("takes %+v: %v", v, !want)
					}
				}
				setStates(m.pool, Down)
				if m.Takes(known) || m.Takes(Visitor{}) {
					t.Error("one that is down takes somebody")
				}
			})
		}
	}
}

func TestPickLeavesThoseAloneThatAnOperatorHasTakenOut(t *testing.T) {
	for _, order := range []Order{{Duty: Draining}, {Duty: Disabled}} {
		for _, policy := range allPolicies {
			for _, size := range []int{3, 40} {
				t.Run(fmt.Sprintf("%v/%s/%d", order.Duty, policy, size), func(t *testing.T) {
					pool := newPool(t, PoolOptions{Name: "app", Policy: policy, TryAll: true, Backends: weighted(repeat(size, 1)...)})
					setStates(pool, Up)
					for _, m := range pool.members[1:] {
						m.Give(order)
					}
					for range 50 {
						if m, _ := pool.Pick(Tried{}); m != pool.members[0] {
							t.Fatalf("picked %v, want b0", m)
						}
					}
					for _, s := range []State{Up, Unproven, Down} {
						setStates(pool, s)
						pool.members[0].Give(order)
						if m, _ := pool.Pick(Tried{}); m != nil {
							t.Errorf("picked %s, which is %v, though all are taken out", m.Name(), s)
						}
					}
					setStates(pool, Up)
					pool.members[size-1].Give(Order{})
					if m, _ := pool.Pick(Tried{}); m != pool.members[size-1] {
						t.Error("one that was enabled again is not picked")
					}
				})
			}
		}
	}
}

func TestABackendThatAsksForADrainIsPickedOnlyWhenNobodyElseServes(t *testing.T) {
	for _, policy := range allPolicies {
		t.Run(string(policy), func(t *testing.T) {
			pool := upPool(t, policy, 1, 1)
			asks(pool.members[0], Now)
			for _, s := range []State{Up, Unproven} {
				setStates(pool, Up, s)
				for range 20 {
					if m, _ := pool.Pick(Tried{}); m.Name() != "b1" {
						t.Fatalf("picked b0, with b1 %v", s)
					}
				}
			}
			asks(pool.members[1], Keep)
			if m, last := pool.Pick(Tried{}); m == nil || last {
				t.Errorf("picked %v, last resort %v: all that ask for a drain still serve", m, last)
			}
			setStates(pool, Up, Down)
			if m, _ := pool.Pick(Tried{}); m == nil || m.Name() != "b0" {
				t.Errorf("picked %v, want b0", m)
			}
		})
	}
}

func TestAnOperatorsOrderGoesBeforeTheBackendsOwn(t *testing.T) {
	m := upPool(t, RoundRobin, 1, 1).members[0]
	asks(m, Now)
	m.Give(Order{Duty: Draining, Mode: WhenIdle, By: ByBackend})
	if o := m.Order(); o.By != ByOperator || o.Mode != WhenIdle || o.Quiet != 5*time.Minute || o.Since.IsZero() {
		t.Errorf("in force: %+v", o)
	}
	asks(m, Keep)
	if o := m.Status().Order; o.By != ByOperator || o.Mode != WhenIdle {
		t.Errorf("in force after another word: %+v", o)
	}
	m.Give(Order{})
	if o := m.Order(); o.By != ByBackend || o.Mode != Keep {
		t.Errorf("in force once the operator's is taken back: %+v", o)
	}
	asks(m, "")
	if o := m.Order(); o != (Order{}) {
		t.Errorf("in force in the end: %+v", o)
	}
}

func TestAnOlderAnswerSaysNothingNew(t *testing.T) {
	m := upPool(t, RoundRobin, 1).members[0]
	now := time.Now()
	m.hears(now, Now)
	m.hears(now.Add(-time.Second), "")
	if m.Order().Mode != Now {
		t.Error("a check that began earlier has ended the word")
	}
	m.hears(now.Add(time.Second), "")
	if m.Order().Duty != Serving {
		t.Error("the word does not end")
	}
}

func TestOrdersAreToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []Event
		set := NewSet(SetOptions{OnEvent: func(e Event) { events = append(events, e) }})
		defer set.Close()
		pools, err := set.Build([]PoolOptions{{Name: "app", Backends: weighted(1, 1)}})
		if err != nil {
			t.Fatal(err)
		}
		pool := pools.Pool("app")
		pool.shared.current.Store(pool)
		setStates(pool, Up)
		b0, b1 := pool.members[0], pool.members[1]
		begin := time.Now()
		b0.Give(Order{Duty: Draining})
		b0.Give(b0.Order()) // nothing new
		asks(b0, Now)       // nor is this in force
		time.Sleep(time.Second)
		b1.Give(Order{Duty: Disabled})
		b1.Give(Order{})
		if len(events) != 3 {
			t.Fatalf("%d events: %+v", len(events), events)
		}
		for i, want := range []Event{
			{Backend: "b0", Time: begin, Order: Order{Duty: Draining, Mode: Keep, Since: begin, By: ByOperator}},
			{Backend: "b1", Time: time.Now(), Order: Order{Duty: Disabled, Since: time.Now(), By: ByOperator}, LastAvailable: true},
			{Backend: "b1", Time: time.Now(), Was: Order{Duty: Disabled, Since: time.Now(), By: ByOperator}},
		} {
			want.Kind, want.Pool, want.about = OrderChanged, "app", pool.Pinned(want.Backend).Backend
			if events[i] != want {
				t.Errorf("event %d is %+v, want %+v", i, events[i], want)
			}
		}
	})
}

func TestAnOrderOutlivesReloadsAndAddresses(t *testing.T) {
	set := NewSet(SetOptions{})
	defer set.Close()
	o := PoolOptions{Name: "app", Backends: weighted(1, 1)}
	before, err := set.Build([]PoolOptions{o})
	if err != nil {
		t.Fatal(err)
	}
	before.Pool("app").members[0].Give(Order{Duty: Draining, Mode: Now})
	asks(before.Pool("app").members[1], Keep)
	o.Backends = weighted(1, 1)
	o.Backends[0].URL = &url.URL{Scheme: "http", Host: "127.0.0.2:1"}
	o.Backends[1].URL = &url.URL{Scheme: "http", Host: "127.0.0.2:2"}
	after, err := set.Build([]PoolOptions{o, {Name: "other", Backends: weighted(1)}})
	if err != nil {
		t.Fatal(err)
	}
	before.Retire()
	if m := after.Pool("app").members[0]; m.Order().Mode != Now || m.Takes(Visitor{Known: true}) {
		t.Errorf("order at the new address: %+v", m.Order())
	}
	if m := after.Pool("app").members[1]; m.Order() != (Order{}) {
		t.Error("what one server says of itself counts for another")
	}
	if m := after.Pool("other").members[0]; m.Order() != (Order{}) {
		t.Error("another pool's backend has the order, too")
	}
}

func TestWhereAVisitorIsBetterOff(t *testing.T) {
	keep, now, off := Order{Duty: Draining}, Order{Duty: Draining, Mode: Now}, Order{Duty: Disabled}
	type side struct {
		state State
		order Order
		word  DrainMode
	}
	for _, tt := range []struct {
		name       string
		own, other side
		none       bool // nobody else is offered
		stays      bool
	}{
		{name: "both down", own: side{state: Down}, other: side{state: Down}, stays: true},
		{name: "own down", own: side{state: Down}, other: side{state: Up}},
		{name: "own down, nobody else", own: side{state: Down}, none: true},
		{name: "told to leave", own: side{Up, now, ""}, other: side{state: Up}},
		{name: "told to leave for one not yet checked", own: side{Up, now, ""}, other: side{state: Unproven}},
		{name: "told to leave for one that is down", own: side{Up, now, ""}, other: side{state: Down}, stays: true},
		{name: "told to leave, nobody else", own: side{Up, now, ""}, none: true, stays: true},
		{name: "down and drained", own: side{Down, keep, ""}, other: side{state: Down}},
		{name: "disabled, the other down", own: side{Up, off, ""}, other: side{state: Down}},
		{name: "disabled, nobody else", own: side{Up, off, ""}, none: true},
		{name: "both ask to be left", own: side{Up, Order{}, Now}, other: side{Up, Order{}, Now}, stays: true},
		{name: "own asks to be left", own: side{Up, Order{}, Now}, other: side{state: Up}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pool := upPool(t, RoundRobin, 1, 1)
			setStates(pool, tt.own.state, tt.other.state)
			for i, s := range []side{tt.own, tt.other} {
				pool.members[i].Give(s.order)
				asks(pool.members[i], s.word)
			}
			offered := pool.members[1]
			if tt.none {
				offered = nil
			}
			if pool.members[0].Outranks(offered) != tt.stays {
				t.Errorf("stays: %v", !tt.stays)
			}
		})
	}
}
