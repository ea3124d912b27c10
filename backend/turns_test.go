package backend

import "testing"

// many has more members than are all looked at, with weights 1, 2, 5, 1, 2, 5…
func many(t testing.TB) *Pool {
	t.Helper()
	weights := make([]int, 60)
	for i := range weights {
		weights[i] = []int{1, 2, 5}[i%3]
	}
	return upPool(t, RoundRobin, weights...)
}

func TestManyGetExactShares(t *testing.T) {
	pool := many(t)
	for round := range 100 {
		counts := make([]int, len(pool.members))
		for range 20 * (1 + 2 + 5) {
			m, _ := pool.Pick(Tried{})
			counts[m.index]++
		}
		for i, n := range counts {
			if n != pool.members[i].weight {
				t.Fatalf("round %d: member %d of weight %d was picked %d times", round, i, pool.members[i].weight, n)
			}
		}
	}
}

func TestManyAreSpreadOut(t *testing.T) {
	pool := many(t)
	last := map[int]int{}
	for i := range 1600 {
		m, _ := pool.Pick(Tried{})
		before, seen := last[m.index]
		// The mean distance is 160/weight; none should be half of it off.
		if gap := (i - before) * m.weight; seen && (gap < 80 || gap > 240) {
			t.Fatalf("pick %d: a member of weight %d after %d picks", i, m.weight, i-before)
		}
		last[m.index] = i
	}
}

func TestManyOfWhichMostAreDown(t *testing.T) {
	for name, up := range map[string]int{"all but one": 1, "half": 30, "all": 0} {
		t.Run(name+" down", func(t *testing.T) {
			pool := upPool(t, RoundRobin, repeat(60, 3)...)
			setStates(pool, Down)
			for _, m := range pool.members[60-up:] {
				m.health.state.Store(int32(Up))
			}
			counts := map[int]int{}
			for range 6000 {
				m, _ := pool.Pick(Tried{})
				if (m == nil) != (up == 0) {
					t.Fatalf("picked %v", m)
				} else if m != nil {
					counts[m.index]++
				}
			}
			if len(counts) != up {
				t.Errorf("%d were picked of %d that are up", len(counts), up)
			}
			for i, n := range counts {
				if want := 6000 / up; n < want-want/10 || n > want+want/10 {
					t.Errorf("member %d was picked %d times of 6000, with %d up", i, n, up)
				}
			}
		})
	}
}

// One that comes back gets its share, not all that it has missed.
func TestManyDoNotMakeUpForLostTurns(t *testing.T) {
	pool := upPool(t, RoundRobin, repeat(60, 1)...)
	setStates(pool, append([]State{Down}, repeatState(59, Up)...)...)
	for range 6000 {
		pool.Pick(Tried{})
	}
	setStates(pool, Up)
	n := 0
	for range 600 {
		if m, _ := pool.Pick(Tried{}); m.index == 0 {
			n++
		}
	}
	if n < 9 || n > 11 {
		t.Errorf("it was picked %d times of 600", n)
	}
}

func repeatState(n int, s State) []State {
	all := make([]State, n)
	for i := range all {
		all[i] = s
	}
	return all
}
