package main

import "testing"

func TestMedian(t *testing.T) {
	for want, values := range map[float64][]float64{0: {}, 3: {3}, 2: {9, 2, 1}, 2.5: {4, 1, 3, 2}} {
		if got := median(values); got != want {
			t.Errorf("of %v: got %v, want %v", values, got, want)
		}
	}
	v := []float64{2, 1}
	median(v)
	if v[0] != 2 {
		t.Error("the values were sorted in place")
	}
}

func TestPercentile(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(i + 1)
	}
	for _, c := range []struct {
		sorted  []float64
		p, want float64
	}{{hundred, 0.99, 99}, {hundred, 0.5, 50}, {hundred, 1, 100}, {hundred, 0, 1}, {[]float64{7}, 0.99, 7}, {[]float64{1, 2, 3}, 0.5, 2}, {nil, 0.5, 0}} {
		if got := percentile(c.sorted, c.p); got != c.want {
			t.Errorf("%v of %d values: got %v, want %v", c.p, len(c.sorted), got, c.want)
		}
	}
}
