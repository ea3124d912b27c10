package backend

import "testing"

func TestLeastRequestsComparesLoadForWeight(t *testing.T) {
	for _, tt := range []struct {
		name     string
		weights  []int
		inFlight []int64
		want     string
	}{
		{"the idle one", []int{1, 1, 1}, []int64{2, 0, 1}, "b1"},
		{"the heavier of equals", []int{1, 2, 1}, []int64{1, 1, 1}, "b1"},
		{"a heavy one with more in flight", []int{1, 5}, []int64{1, 5}, "b1"},
		{"a light one when the heavy is loaded", []int{1, 5}, []int64{0, 5}, "b0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pool := upPool(t, LeastRequests, tt.weights...)
			for i, n := range tt.inFlight {
				pool.members[i].inFlight.Store(n)
			}
			for range 4 {
				if m, _ := pool.Pick(Tried{}); m.Name() != tt.want {
					t.Errorf("picked %s, want %s", m.Name(), tt.want)
				}
			}
		})
	}
}

func TestLeastRequestsLetsTiesGoRound(t *testing.T) {
	pool := upPool(t, LeastRequests, 1, 1, 1, 1)
	setStates(pool, Up, Down, Up, Up)
	counts := map[string]int{}
	for range 300 {
		m, _ := pool.Pick(Tried{})
		counts[m.Name()]++
	}
	if counts["b0"] != 100 || counts["b2"] != 100 || counts["b3"] != 100 {
		t.Errorf("shares %v, want 100 each of those that are up", counts)
	}
}

func TestLeastRequestsTakesTheBetterOfTwoInLargePools(t *testing.T) {
	pool := upPool(t, LeastRequests, repeat(100, 1)...)
	pool.members[7].inFlight.Store(50)
	counts := make([]int, 100)
	for range 10000 {
		m, _ := pool.Pick(Tried{})
		counts[m.index]++
	}
	if counts[7] > 3 { // both draws, and both once more, may be it: one of a million
		t.Errorf("the loaded one was picked %d times, though any other is better", counts[7])
	}
	for i, n := range counts {
		if n == 0 && i != 7 {
			t.Errorf("b%d was never picked", i)
		}
	}
}

func TestLeastRequestsComparesAllWhenFewOfManyAreUp(t *testing.T) {
	pool := upPool(t, LeastRequests, repeat(1000, 1)...)
	setStates(pool, Down)
	for _, i := range []int{3, 500, 999} {
		pool.members[i].health.state.Store(int32(Up))
		pool.members[i].inFlight.Store(int64(i))
	}
	least := 0
	for range 100 {
		if m, _ := pool.Pick(Tried{}); m.index == 3 {
			least++
		}
	}
	if least < 95 { // two of the others may have been drawn
		t.Errorf("picked b3 %d times of 100", least)
	}
}
