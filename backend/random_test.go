package backend

import "testing"

func TestRandomFollowsWeights(t *testing.T) {
	for name, weights := range map[string][]int{
		"few":  {1, 3, 0},
		"many": append([]int{1, 3}, repeat(500, 0)...),
	} {
		t.Run(name, func(t *testing.T) {
			pool := upPool(t, Random, weights...)
			counts := make([]int, len(weights))
			const picks = 40000
			for range picks {
				m, _ := pool.Pick(Tried{})
				counts[m.index]++
			}
			// Ten standard deviations of 40,000 draws at 1/4.
			if d := counts[0] - picks/4; d < -870 || d > 870 {
				t.Errorf("weight 1 of 4 got %d of %d", counts[0], picks)
			}
			if counts[0]+counts[1] != picks {
				t.Errorf("one without weight was picked")
			}
		})
	}
}

func TestRandomFindsTheOnlyCandidateOfMany(t *testing.T) {
	pool := upPool(t, Random, repeat(1000, 1)...)
	setStates(pool, Down)
	pool.members[777].health.state.Store(int32(Up))
	for range 20 {
		if m, _ := pool.Pick(Tried{}); m == nil || m.index != 777 {
			t.Fatalf("picked %v", m)
		}
	}
}
