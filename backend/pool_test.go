package backend

import (
	"fmt"
	"testing"
)

var allPolicies = []Policy{RoundRobin, LeastRequests, Random, First}

func TestPickPrefersUpThenUnprovenThenLastResort(t *testing.T) {
	for _, tt := range []struct {
		name   string
		states []State
		tryAll bool
		want   string // "": none
		last   bool
	}{
		{"up", []State{Down, Unproven, Up}, true, "b2", false},
		{"unproven when nothing is up", []State{Down, Unproven, Down}, true, "b1", false},
		{"all down, try all", []State{Down, Down, Down}, true, "any", true},
		{"all down, fail", []State{Down, Down, Down}, false, "", false},
	} {
		for _, policy := range allPolicies {
			t.Run(fmt.Sprintf("%s/%s", tt.name, policy), func(t *testing.T) {
				pool := newPool(t, PoolOptions{Name: "app", Policy: policy, TryAll: tt.tryAll, Backends: weighted(1, 1, 1)})
				setStates(pool, tt.states...)
				m, last := pool.Pick(Tried{})
				if last != tt.last || (m == nil) != (tt.want == "") {
					t.Fatalf("picked %v, last resort %v", m, last)
				}
				if m != nil && tt.want != "any" && m.Name() != tt.want {
					t.Errorf("picked %s, want %s", m.Name(), tt.want)
				}
			})
		}
	}
}

func TestPickUsesLowerPrioritiesOnlyWhenTheUpperHasNone(t *testing.T) {
	options := weighted(1, 1, 1)
	options[0].Priority, options[1].Priority, options[2].Priority = 2, 1, 1
	for _, policy := range allPolicies {
		t.Run(string(policy), func(t *testing.T) {
			pool := newPool(t, PoolOptions{Name: "app", Policy: policy, Backends: options})
			setStates(pool, Up)
			for range 50 {
				if m, _ := pool.Pick(Tried{}); m.Name() == "b0" {
					t.Fatal("the lower group was used while the upper is up")
				}
			}
			setStates(pool, Up, Down, Down)
			if m, _ := pool.Pick(Tried{}); m == nil || m.Name() != "b0" {
				t.Errorf("picked %v, want b0", m)
			}
			setStates(pool, Up, Unproven, Unproven)
			if m, _ := pool.Pick(Tried{}); m == nil || m.Name() != "b0" {
				t.Errorf("picked %v, want b0, since unproven ones wait until nothing is up", m)
			}
		})
	}
}

func TestPickOffersEachBackendOnceAtMost(t *testing.T) {
	for _, size := range []int{1, 3, 9, 100} {
		for _, policy := range allPolicies {
			t.Run(fmt.Sprintf("%s of %d", policy, size), func(t *testing.T) {
				pool := newPool(t, PoolOptions{Name: "app", Policy: policy, TryAll: true, Backends: weighted(repeat(size, 1)...)})
				setStates(pool, Up, Down, Unproven)
				var tried Tried
				for range size {
					m, _ := pool.Pick(tried)
					if m == nil {
						t.Fatalf("nothing is left after %d of %d", tried.Len(), size)
					}
					if tried.Has(m) {
						t.Fatalf("%s was offered twice", m.Name())
					}
					tried.Add(m)
				}
				if m, _ := pool.Pick(tried); m != nil {
					t.Errorf("%s was offered again", m.Name())
				}
			})
		}
	}
}

func TestPickSkipsTheFullAndTheWeightless(t *testing.T) {
	for _, policy := range allPolicies {
		t.Run(string(policy), func(t *testing.T) {
			options := weighted(1, 0, 1)
			options[0].MaxInFlight = 2
			pool := newPool(t, PoolOptions{Name: "app", Policy: policy, TryAll: true, Backends: options})
			setStates(pool, Up)
			pool.members[0].inFlight.Store(2)
			for range 20 {
				if m, _ := pool.Pick(Tried{}); m == nil || m.Name() != "b2" {
					t.Fatalf("picked %v, want b2", m)
				}
			}
			setStates(pool, Up, Up, Down)
			if m, _ := pool.Pick(Tried{}); m != nil {
				t.Errorf("picked %s: one that is down, while another is only full", m.Name())
			}
		})
	}
}

func TestAFullOneThatIsDrainedHoldsNobodyBack(t *testing.T) {
	options := weighted(1, 1)
	options[0].MaxInFlight = 1
	pool := newPool(t, PoolOptions{Name: "app", TryAll: true, Backends: options})
	setStates(pool, Up, Down)
	pool.members[0].inFlight.Store(1)
	if m, _ := pool.Pick(Tried{}); m != nil {
		t.Errorf("picked %s: one that is down, while another is only full", m.Name())
	}
	pool.members[0].Give(Order{Duty: Draining})
	if m, last := pool.Pick(Tried{}); m == nil || m.Name() != "b1" || !last {
		t.Errorf("picked %v, last resort %v, want b1 as a last resort", m, last)
	}
}

func TestPickAllocatesNothing(t *testing.T) {
	for _, policy := range allPolicies {
		for _, size := range []int{3, 64} {
			pool := upPool(t, policy, repeat(size, 1)...)
			if n := testing.AllocsPerRun(100, func() {
				var tried Tried
				m, _ := pool.Pick(tried)
				tried.Add(m)
				pool.Pick(tried)
			}); n != 0 {
				t.Errorf("%s of %d: %v allocations", policy, size, n)
			}
		}
	}
}

func TestPinnedFindsByNameAndTakesWhileNotDown(t *testing.T) {
	pool := upPool(t, RoundRobin, 1, 0)
	setStates(pool, Down, Up)
	if pool.Pinned("nobody") != nil {
		t.Error("found a member that is not there")
	}
	if m := pool.Pinned("b0"); m.Takes(Visitor{Known: true}) || m.Takes(Visitor{}) {
		t.Error("one that is down takes a visitor")
	}
	if m := pool.Pinned("b1"); !m.Takes(Visitor{Known: true}) || m.Takes(Visitor{}) {
		t.Error("one without weight keeps its visitors and takes no new ones")
	}
	setStates(pool, Unproven)
	if m := pool.Pinned("b0"); !m.Takes(Visitor{Known: true}) {
		t.Error("an unproven one keeps its visitors")
	}
}

func BenchmarkPick(b *testing.B) {
	for _, policy := range allPolicies {
		for _, size := range []int{3, 1000} {
			b.Run(fmt.Sprintf("%s/%d", policy, size), func(b *testing.B) {
				pool := upPool(b, policy, repeat(size, 1)...)
				b.ReportAllocs()
				for b.Loop() {
					pool.Pick(Tried{})
				}
			})
		}
	}
}
