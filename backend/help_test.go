package backend

import (
	"fmt"
	"net/url"
	"testing"
	"time"
)

// eventually waits until done reports true.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// newPool builds a pool and closes all when the test ends. Nothing is checked.
func newPool(t testing.TB, o PoolOptions) *Pool {
	t.Helper()
	set := NewSet(SetOptions{})
	t.Cleanup(set.Close)
	pools, err := set.Build([]PoolOptions{o})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pools.Retire)
	return pools.Pool(o.Name)
}

// weighted describes one backend for each weight, named b0, b1, …
func weighted(weights ...int) []MemberOptions {
	var all []MemberOptions
	for i, w := range weights {
		all = append(all, MemberOptions{
			Name: fmt.Sprintf("b%d", i), Weight: w, Priority: 1,
			URL: &url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", 1+i)},
		})
	}
	return all
}

// upPool builds a pool of backends that are all up.
func upPool(t testing.TB, p Policy, weights ...int) *Pool {
	t.Helper()
	pool := newPool(t, PoolOptions{Name: "app", Policy: p, Backends: weighted(weights...)})
	setStates(pool, Up)
	return pool
}

// setStates puts each member into its state, or all into the only one given.
func setStates(p *Pool, states ...State) {
	for i, m := range p.members {
		m.health.state.Store(int32(states[min(i, len(states)-1)]))
	}
}

// repeat returns a list of n times v.
func repeat(n, v int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = v
	}
	return all
}
