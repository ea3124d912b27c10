package backend

import "testing"

func TestTriedHoldsMembersOfAnyIndex(t *testing.T) {
	for _, size := range []int{1, 63, 64, 65, 128, 129, 1000} {
		var tried Tried
		last := &Member{index: size - 1}
		if tried.Has(last) {
			t.Fatalf("index %d is in the empty set", size-1)
		}
		for i := range size {
			tried.Add(&Member{index: i})
			tried.Add(&Member{index: i})
		}
		if !tried.Has(last) || tried.Len() != size {
			t.Errorf("index %d: in the set %v, length %d", size-1, tried.Has(last), tried.Len())
		}
		if tried.Has(&Member{index: size}) {
			t.Errorf("index %d was never added", size)
		}
	}
}

func TestTriedAllocatesNothingForSmallPools(t *testing.T) {
	members := make([]*Member, 64)
	for i := range members {
		members[i] = &Member{index: i}
	}
	if n := testing.AllocsPerRun(100, func() {
		var tried Tried
		for _, m := range members {
			tried.Add(m)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
