//go:build !race

package backend

import (
	"net/http"
	"testing"
)

// The head of the answer is one string, which those who keep parts of it share.
func TestAGetOverAKeptConnectionHardlyAllocates(t *testing.T) {
	m := start(t, PoolOptions{}, startRaw(t, frugal).url).pool.members[0]
	req, buf := browser(t, m, http.MethodGet), make([]byte, 4<<10)
	var call Call
	if n := testing.AllocsPerRun(1000, func() {
		call = Call{Movable: true}
		if err := turn(m, req, &call, buf); err != nil {
			t.Fatal(err)
		}
	}); n > 3 {
		t.Errorf("%v allocations", n)
	}
}
