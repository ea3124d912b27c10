package main

import "slices"

// median returns the middle of the values, the mean of the two middle ones if
// their number is even, and 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	v := slices.Sorted(slices.Values(values))
	m := len(v) / 2
	if len(v)%2 == 1 {
		return v[m]
	}
	return (v[m-1] + v[m]) / 2
}

// least returns the lowest of the values, and 0 of none.
func least(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return slices.Min(values)
}

// percentile returns the smallest value that p of 1 of the sorted values do
// not exceed, and 0 of none.
func percentile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	i := int(p * float64(len(sorted)))
	if float64(i) == p*float64(len(sorted)) {
		i-- // exactly so many
	}
	return sorted[min(max(i, 0), len(sorted)-1)]
}

// ratio returns a / b, and 0 when either is missing.
func ratio(a, b float64) float64 {
	if a <= 0 || b <= 0 {
		return 0
	}
	return a / b
}
