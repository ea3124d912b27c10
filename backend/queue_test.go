package backend

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// queueing is a pool of n members with a place each.
func queueing(t *testing.T, n, queue int) *Pool {
	t.Helper()
	o := PoolOptions{Name: "app", Policy: First, Queue: queue, Backends: weighted(slices.Repeat([]int{1}, n)...)}
	for i := range o.Backends {
		o.Backends[i].MaxInFlight = 1
	}
	p := newPool(t, o)
	setStates(p, slices.Repeat([]State{Up}, n)...)
	return p
}

func (p *Pool) fill(t *testing.T) {
	t.Helper()
	for _, m := range p.members {
		if !m.acquire() {
			t.Fatalf("%s is full", m.Name())
		}
	}
}

// given is what a turn has got, without waiting.
func given(t *Turn) (m *Member, any bool) {
	select {
	case m = <-t.Ready():
		return m, true
	default:
		return nil, false
	}
}

func TestPlacesGoToWhoHasWaitedLongest(t *testing.T) {
	p := queueing(t, 2, 9)
	p.fill(t)
	a, b := p.members[0], p.members[1]
	turns := []*Turn{p.Queue(b, Tried{}), p.Queue(nil, Tried{}), p.Queue(a, Tried{}), p.Queue(b, Tried{})}
	if !a.Full() || a.Queued() != 1 || b.Queued() != 2 || p.Queued() != 1 {
		t.Fatalf("%d, %d and %d are waiting", a.Queued(), b.Queued(), p.Queued())
	}
	for _, step := range []struct {
		freed *Member
		turn  int
	}{{a, 1}, {a, 2}, {b, 0}, {b, 3}} {
		step.freed.GiveBack()
		for i, turn := range turns {
			m, any := given(turn)
			if any != (i == step.turn) || any && m != step.freed {
				t.Fatalf("a place at %s went to turn %d, at %v", step.freed.Name(), i, m)
			}
		}
	}
	if a.GiveBack(); a.Full() || a.InFlight() != 0 || b.InFlight() != 1 || p.shared.queue.waiters.Load() != 0 {
		t.Errorf("%d and %d in flight", a.InFlight(), b.InFlight())
	}
}

func TestAPlaceThatFellFreeJustBeforeIsTakenAtOnce(t *testing.T) {
	p := queueing(t, 1, 9)
	turn := p.Queue(p.members[0], Tried{})
	if m, _ := given(turn); m != p.members[0] {
		t.Errorf("got %v", m)
	}
}

func TestTheQueueIsBounded(t *testing.T) {
	p := queueing(t, 2, 1)
	if p.Queue(nil, Tried{}) != nil {
		t.Error("a turn, though there are places")
	}
	p.fill(t)
	for range 2 {
		if p.Queue(nil, Tried{}) == nil {
			t.Fatal("refused")
		}
	}
	if p.Queue(nil, Tried{}) != nil {
		t.Error("a third one is waiting for two members")
	}
	if p.Queue(p.members[0], Tried{}) == nil || p.Queue(p.members[0], Tried{}) != nil {
		t.Error("want one waiting for one alone")
	}
	if p := queueing(t, 1, 0); p.Queue(p.members[0], Tried{}) != nil {
		t.Error("a turn where there is no queue")
	}
}

func TestWhoLeavesGivesUpHisPlace(t *testing.T) {
	p := queueing(t, 1, 9)
	p.fill(t)
	m := p.members[0]
	first, second, third := p.Queue(m, Tried{}), p.Queue(m, Tried{}), p.Queue(nil, Tried{})
	first.Leave()
	m.GiveBack()
	if _, any := given(first); any {
		t.Error("the one who left has a place")
	}
	second.Leave() // it was just given one
	if got, _ := given(third); got != m {
		t.Errorf("the last one has %v", got)
	}
	third.Leave()
	if m.InFlight() != 1 || m.Queued() != 0 || p.Queued() != 0 {
		t.Errorf("%d in flight, %d and %d waiting", m.InFlight(), m.Queued(), p.Queued())
	}
}

func TestWhoWaitsInVainLooksAgain(t *testing.T) {
	p := queueing(t, 2, 9)
	p.fill(t)
	a, b := p.members[0], p.members[1]
	var tried Tried
	tried.Add(b)
	own, any, onlyA := p.Queue(a, Tried{}), p.Queue(nil, Tried{}), p.Queue(nil, tried)
	down := func(m *Member) {
		m.health.mu.Lock()
		m.health.become(Down, "test")
		m.health.mu.Unlock()
		m.settle()
	}
	down(a)
	for name, turn := range map[string]*Turn{"the one who waits for it": own, "the one who has tried the other": onlyA} {
		if m, told := given(turn); !told || m != nil {
			t.Errorf("%s: %v, %v", name, m, told)
		}
	}
	if _, told := given(any); told {
		t.Error("the other member is only full")
	}
	if down(b); p.Queued() != 0 {
		t.Error("somebody waits though all are down")
	}
}

func TestABackendThatComesBackTakesFromTheQueue(t *testing.T) {
	p := queueing(t, 2, 9)
	p.fill(t)
	a := p.members[0]
	a.Give(Order{Duty: Draining})
	a.GiveBack()
	turn := p.Queue(nil, Tried{})
	if m, told := given(turn); told {
		t.Fatalf("%v, though it is draining", m)
	}
	if a.Give(Order{}); a.InFlight() != 1 {
		t.Fatal("its place is free")
	}
	if m, _ := given(turn); m != a {
		t.Errorf("got %v", m)
	}
}

func TestNoTurnIsForgottenAndNoLimitPassed(t *testing.T) {
	p := queueing(t, 3, 1000)
	var atOnce [3]atomic.Int32
	var wait sync.WaitGroup
	for i := range 64 {
		wait.Go(func() {
			for j := range 200 {
				var own *Member
				if i%2 == 0 {
					own = p.members[(i+j)%3]
				}
				m := own
				if m == nil {
					m, _ = p.Pick(Tried{})
				}
				for m == nil || m.Full() || !m.acquire() {
					turn := p.Queue(own, Tried{})
					if turn == nil {
						m, _ = p.Pick(Tried{})
						continue
					}
					select {
					case m = <-turn.Ready():
					case <-time.After(20 * time.Second):
						t.Error("a turn was forgotten")
						return
					}
					turn.Leave()
					break
				}
				if n := atOnce[m.index].Add(1); n > 1 {
					t.Errorf("%d at once", n)
				}
				atOnce[m.index].Add(-1)
				m.GiveBack()
			}
		})
	}
	wait.Wait()
	for _, m := range p.members {
		if m.InFlight() != 0 || m.Queued() != 0 {
			t.Errorf("%d in flight, %d waiting", m.InFlight(), m.Queued())
		}
	}
}
