//go:build !race

package proxy

import "testing"

// What a request allocates is what the next garbage collection costs.
func TestARequestAllocatesLittle(t *testing.T) {
	const budget = 6 // usually 3: the head, the id, the answer's head
	v := newVisitor(t, start(t, appPool(echo(t, echoed))), modes[0])
	if n := testing.AllocsPerRun(2000, func() { v.get(t) }); n > budget {
		t.Errorf("%.0f allocations, want at most %d", n, budget)
	}
}
