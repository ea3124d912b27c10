package session

import (
	"testing"
)

func TestCountsGoOnInTheNextAffinity(t *testing.T) {
	var counts Counts
	keys := must(firstKeys())(t)
	for range 2 {
		a := newAffinity(t, func(o *Options) { o.Keys, o.Counts = keys, &counts })
		a.Read(nil, true)
		a.Read(cookies(issue(t, a, "b1", true)), true)
		a.Read(cookies("__Host-sterling-app=x"), true)
	}
	for _, v := range Verdicts() {
		want := uint64(0)
		if v == Absent || v == Valid || v == Malformed {
			want = 2
		}
		if got := counts.Of(v); got != want {
			t.Errorf("%v counted %d times, want %d", v, got, want)
		}
	}
}

func TestVerdictWords(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range Verdicts() {
		if w := v.String(); w == "" || w == "unknown" || seen[w] {
			t.Errorf("verdict %d is %q", v, w)
		}
		seen[v.String()] = true
	}
	if w := Verdict(200).String(); w != "unknown" {
		t.Errorf("got %q", w)
	}
	if n := new(Counts).Of(Verdict(200)); n != 0 {
		t.Errorf("got %d", n)
	}
}
