package backend

import (
	"slices"
	"testing"
)

// reloadable is a pool of which a test changes the configuration.
type reloadable struct {
	*Pool
	set     *Set
	pools   *Pools
	options PoolOptions
}

func newReloadable(t *testing.T, n int) *reloadable {
	t.Helper()
	r := &reloadable{set: NewSet(SetOptions{})}
	t.Cleanup(r.set.Close)
	r.options = PoolOptions{Name: "app", Policy: First, Queue: 9, Backends: weighted(repeat(n, 1)...)}
	for i := range r.options.Backends {
		r.options.Backends[i].MaxInFlight = 1
	}
	r.reload(t)
	setStates(r.Pool, Up)
	r.fill(t)
	return r
}

func (r *reloadable) reload(t *testing.T) {
	t.Helper()
	pools, err := r.set.Build([]PoolOptions{r.options})
	if err != nil {
		t.Fatal(err)
	}
	pools.Requeue()
	if r.pools != nil {
		r.pools.Retire()
	}
	r.pools, r.Pool = pools, pools.Pool("app")
}

func TestWhoWaitsGoesByTheNewLimits(t *testing.T) {
	r := newReloadable(t, 2)
	a, b := r.members[0], r.members[1]
	turns := []*Turn{r.Queue(a, Tried{}), r.Queue(nil, Tried{}), r.Queue(a, Tried{}), r.Queue(a, Tried{}), r.Queue(b, Tried{})}
	slices.Reverse(r.options.Backends)
	r.options.Backends[1].MaxInFlight = 3
	r.reload(t)
	now := r.byName["b0"]
	for i, turn := range turns {
		m, told := given(turn)
		if want := i < 2; told != want || want && m != now {
			t.Errorf("turn %d: %v, %v", i, m, told)
		}
	}
	if now.InFlight() != 3 || now.Queued() != 2 || r.byName["b1"].Queued() != 1 || r.Queued() != 0 {
		t.Errorf("%d in flight, %d, %d and %d waiting", now.InFlight(), now.Queued(), r.byName["b1"].Queued(), r.Queued())
	}
	now.GiveBack()
	if m, _ := given(turns[2]); m != now {
		t.Errorf("the next place went to %v", m)
	}
	r.options.Backends[1].MaxInFlight = 0
	if r.reload(t); r.byName["b0"].Full() {
		t.Error("full without a limit")
	}
	if m, _ := given(turns[3]); m != r.byName["b0"] {
		t.Errorf("without a limit the last one has %v", m)
	}
}

func TestWhoWaitsForWhatIsGoneLooksAgain(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(o *PoolOptions)
		told   []bool // those for a, for b, for anybody but a
	}{
		{"nothing changes", func(*PoolOptions) {}, []bool{false, false, false}},
		{"a backend is gone", func(o *PoolOptions) { o.Backends = o.Backends[1:] }, []bool{true, false, false}},
		{"a backend has another address", func(o *PoolOptions) {
			o.Backends[0].URL = o.Backends[1].URL
		}, []bool{true, false, true}},
		{"there is no queue any more", func(o *PoolOptions) { o.Queue = 0 }, []bool{true, true, true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newReloadable(t, 2)
			var tried Tried
			tried.Add(r.members[0])
			turns := []*Turn{r.Queue(r.members[0], Tried{}), r.Queue(r.members[1], Tried{}), r.Queue(nil, tried)}
			tt.change(&r.options)
			r.reload(t)
			for i, turn := range turns {
				m, told := given(turn)
				if told != tt.told[i] || m != nil && (i != 2 || m.InFlight() != 1) { // a new one was not tried
					t.Errorf("turn %d: %v, %v", i, m, told)
				}
				turn.Leave()
			}
			if n := r.shared.queue.waiters.Load(); n != 0 {
				t.Errorf("%d are waiting", n)
			}
		})
	}
}

func TestWhoComesWithTheOldConfigurationLooksAgain(t *testing.T) {
	r := newReloadable(t, 1)
	old := r.Pool
	r.reload(t)
	if m, told := given(old.Queue(old.members[0], Tried{})); m != nil || !told {
		t.Errorf("%v, %v", m, told)
	}
	if old.Queued()+old.members[0].Queued() != 0 {
		t.Error("it waits")
	}
}

func TestWhatWasTriedStaysTried(t *testing.T) {
	r := newReloadable(t, 3)
	old := r.Pool
	var tried Tried
	tried.Add(r.members[0])
	tried.Add(r.members[1])
	slices.Reverse(r.options.Backends)
	r.options.Backends[2].URL = r.options.Backends[0].URL // of b0
	r.reload(t)
	now := r.Carry(old, tried)
	for i, m := range r.members {
		if want := m.Name() == "b1"; now.Has(r.members[i]) != want {
			t.Errorf("%s: tried %v", m.Name(), !want)
		}
	}
}
