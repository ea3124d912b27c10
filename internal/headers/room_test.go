package headers

import (
	"slices"
	"testing"
)

func TestRoomIsLentToOneOnly(t *testing.T) {
	var r Room
	var lent [][]string
	for range 3 * roomStep {
		lent = append(lent, r.one("mine"))
	}
	two := r.Lend(2)
	for i := range lent {
		lent[i] = append(lent[i], "more")
	}
	two = append(two, "a", "b", "c")
	for i := range lent {
		if !slices.Equal(lent[i], []string{"mine", "more"}) {
			t.Errorf("%d became %q", i, lent[i])
		}
	}
	if !slices.Equal(two, []string{"a", "b", "c"}) {
		t.Errorf("became %q", two)
	}
}

func TestRoomIsUsedAgainAndHoldsNothingOld(t *testing.T) {
	var r Room
	n := testing.AllocsPerRun(100, func() {
		for range roomStep {
			r.one("x")
		}
		r.Reset()
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
	if slices.Contains(r.all, "x") {
		t.Error("an old value is kept")
	}
	r.Lend(2 * roomKept)
	r.Reset()
	if len(r.all) != 0 {
		t.Errorf("room for %d values is kept", len(r.all))
	}
}
