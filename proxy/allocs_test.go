//go:build !race

package proxy

import "testing"

// What a request allocates is what the next garbage collection costs.
func TestARequestAllocatesLittle(t *testing.T) {
	const budget = 12 // usually 4; the collector empties pools, more often on a busy machine
	v := newVisitor(t, start(t, appPool(echo(t, echoed))), modes[0])
	if n := testing.AllocsPerRun(2000, func() { v.get(t) }); n > budget {
		t.Errorf("%.0f allocations, want at most %d", n, budget)
	}
}
