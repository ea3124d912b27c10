package backend

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// comeBack takes a member down and up again.
func comeBack(m *Member) {
	m.health.mu.Lock()
	defer m.health.mu.Unlock()
	m.health.become(Down, "refused")
	m.health.become(Up, "")
}

// picks counts how many of n visitors fall to each member.
func picks(p *Pool, n int) map[string]int {
	got := make(map[string]int)
	for range n {
		m, _ := p.Pick(Tried{})
		got[m.Name()]++
	}
	return got
}

func TestABackendThatComesBackStartsSlowly(t *testing.T) {
	for _, policy := range []Policy{RoundRobin, LeastRequests, Random} {
		for _, size := range []int{2, 12} {
			t.Run(fmt.Sprintf("%s/%d", policy, size), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					pool := newPool(t, PoolOptions{Name: "app", Policy: policy, SlowStart: 10 * time.Second, Backends: weighted(repeat(size, 1)...)})
					setStates(pool, Up)
					pool.shared.current.Store(pool)
					const n = 4000
					time.Sleep(time.Second) // since the epoch
					comeBack(pool.members[0])
					if got := picks(pool, n*size)["b0"]; got != 0 {
						t.Errorf("%d of %d at the very start", got, n)
					}
					time.Sleep(2500 * time.Millisecond)
					if r := pool.members[0].Status().Ramp; r != 0.25 {
						t.Errorf("status tells of a ramp of %v, want 0.25", r)
					}
					if got := picks(pool, n*size)["b0"]; got < n/5 || got > n*3/10 {
						t.Errorf("%d of %d after a quarter of the time", got, n)
					}
					time.Sleep(5 * time.Second)
					if got := picks(pool, n*size)["b0"]; got < n*65/100 || got > n*85/100 {
						t.Errorf("%d of %d after three quarters of the time", got, n)
					}
					time.Sleep(2500 * time.Millisecond)
					if got := picks(pool, n*size)["b0"]; got < n*9/10 || got > n*11/10 {
						t.Errorf("%d of %d after all of the time", got, n)
					}
					if r := pool.members[0].Status().Ramp; r != 1 {
						t.Errorf("status tells of a ramp of %v, want 1", r)
					}
				})
			})
		}
	}
}

func TestWhoStartsSlowlyIsTakenWhenNobodyElseOfHisGroupIsThere(t *testing.T) {
	for _, policy := range allPolicies {
		t.Run(string(policy), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				options := weighted(1, 1)
				options[1].Priority = 2
				pool := newPool(t, PoolOptions{Name: "app", Policy: policy, SlowStart: time.Minute, Backends: options})
				setStates(pool, Up)
				comeBack(pool.members[0])
				if got := picks(pool, 50); got["b0"] != 50 {
					t.Errorf("picked %v: the lower group is not for that", got)
				}
				var tried Tried
				tried.Add(pool.members[1])
				if m, _ := pool.Pick(tried); m != pool.members[0] {
					t.Errorf("picked %v for another attempt", m)
				}
			})
		})
	}
}

func TestWhatStartsAtFullSpeed(t *testing.T) {
	for _, tt := range []struct {
		name  string
		begin func(*Member)
	}{
		{"the first check", func(m *Member) {
			setStates(m.pool, Unproven, Up)
			m.health.checked(time.Now(), nil)
		}},
		{"enabled by an operator", func(m *Member) {
			m.Give(Order{Duty: Disabled})
			comeBack(m)
			m.Give(Order{})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pool := newPool(t, PoolOptions{Name: "app", Policy: RoundRobin, SlowStart: time.Minute, Backends: weighted(1, 1)})
				setStates(pool, Up)
				tt.begin(pool.members[0])
				if got := picks(pool, 100); got["b0"] != 50 {
					t.Errorf("picked %v", got)
				}
			})
		})
	}
}
