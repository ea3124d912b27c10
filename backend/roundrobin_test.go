package backend

import (
	"sync"
	"testing"
)

func TestRoundRobinGivesExactShares(t *testing.T) {
	for name, goroutines := range map[string]int{"one after the other": 1, "from many goroutines": 16} {
		t.Run(name, func(t *testing.T) {
			pool := upPool(t, RoundRobin, 1, 2, 5)
			const picks = 8000
			counts := make([][3]int, goroutines)
			var done sync.WaitGroup
			for g := range goroutines {
				done.Go(func() {
					for range picks / goroutines {
						m, _ := pool.Pick(Tried{})
						counts[g][m.index]++
					}
				})
			}
			done.Wait()
			var sum [3]int
			for _, c := range counts {
				for i, n := range c {
					sum[i] += n
				}
			}
			if want := [3]int{1000, 2000, 5000}; sum != want {
				t.Errorf("shares %v, want %v", sum, want)
			}
		})
	}
}

func TestRoundRobinIsSmooth(t *testing.T) {
	pool := upPool(t, RoundRobin, 5, 1, 1)
	var got string
	for range 7 {
		m, _ := pool.Pick(Tried{})
		got += m.Name() + " "
	}
	if want := "b0 b0 b1 b0 b2 b0 b0 "; got != want {
		t.Errorf("picked %s, want %s", got, want)
	}
}

func TestRoundRobinGivesTheShareOfOneThatIsDownToAllOthers(t *testing.T) {
	pool := upPool(t, RoundRobin, 1, 1, 1)
	setStates(pool, Up, Down, Up)
	counts := map[string]int{}
	for range 1000 {
		m, _ := pool.Pick(Tried{})
		counts[m.Name()]++
	}
	if counts["b0"] != 500 || counts["b2"] != 500 {
		t.Errorf("shares %v", counts)
	}
}
