package main

import (
	"testing"
	"time"
)

func TestProcessorTimeIsReadBehindAnyName(t *testing.T) {
	const after = " S 17 4 4 0 -1 4194560 100 200 0 0 11 22 300 4000 20 0 1 0 99 1000 50"
	for _, name := range []string{"nginx", "a b", ") (", "((", "x) S 1 2 3"} {
		s, err := parseStat("42 (" + name + ")" + after)
		if want := (stat{pid: 42, parent: 17, cpu: 43330 * time.Millisecond}); err != nil || s != want {
			t.Errorf("%q: got %+v, %v", name, s, err)
		}
	}
	for _, line := range []string{"", "42", "42 (x", "42 (x) S 17", "x (x)" + after, "42 (x) S y 4 4 0 -1 4 1 2 0 0 11 22 3 4", "42 (x) S 1 4 4 0 -1 4 1 2 0 0 y 22 3 4"} {
		if s, err := parseStat(line); err == nil {
			t.Errorf("%q: got %+v", line, s)
		}
	}
}

func TestTreeHoldsDescendantsOnly(t *testing.T) {
	all := []stat{{pid: 5, parent: 4}, {pid: 1}, {pid: 2, parent: 1}, {pid: 3, parent: 2}, {pid: 4, parent: 2}, {pid: 6, parent: 1}}
	got := map[int]bool{}
	for _, s := range tree(all, 2) {
		got[s.pid] = true
	}
	if len(got) != 4 || !got[2] || !got[3] || !got[4] || !got[5] {
		t.Errorf("got %v", got)
	}
	if found := tree(all, 9); len(found) > 0 {
		t.Errorf("of a process that is not there: %v", found)
	}
}

func TestResidentMemoryIsInBytes(t *testing.T) {
	if n := parseResident("Name:\tx\nVmHWM:\t  999 kB\nVmRSS:\t    1536 kB\n"); n != 1536<<10 {
		t.Errorf("got %d", n)
	}
	if n := parseResident("Name:\tkthreadd\n"); n != 0 {
		t.Errorf("without memory: got %d", n)
	}
}
