package main

import (
	"slices"
	"testing"
)

func TestSummaryHasALineForEachCase(t *testing.T) {
	var r report
	r.add(trial{name: "h1"}, []sample{{Candidate: "sterling", Cost: 44}, {Candidate: "haproxy", Cost: 40}, {Candidate: "nginx", Cost: 50}})
	r.add(trial{name: "rate", kind: halfRate}, []sample{{Candidate: "sterling", Cost: 44, outcome: outcome{P99: 3}}, {Candidate: "haproxy", Cost: 40, outcome: outcome{P99: 2}}})
	r.add(trial{name: "memory", kind: idleMemory}, []sample{{Candidate: "sterling", Idle: 30000}, {Candidate: "nginx", Idle: 15000}})
	r.add(trial{name: "config", kind: growth}, []sample{{Candidate: smallSite, Cost: 30}, {Candidate: largeSite, Cost: 33}})
	want := [][]string{
		{"case", "what", "sterling", "haproxy", "nginx", "ratio", "least"},
		{"h1", "CPU µs/request", "44.0", "40.0", "50.0", "1.10", "1.10"},
		{"rate", "p99 ms", "3.00", "2.00", "–", "1.50", "1.50"},
		{"memory", "kB/connection", "30.0", "–", "15.0", "2.00", "2.00"},
	}
	if got := r.summary(); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got %q", got)
	}
	r.Cases = r.Cases[3:]
	if got := r.summary(); got != nil {
		t.Errorf("of Sterling alone: %q", got)
	}
}
