package prove

import (
	"testing"
	"time"
)

// A count that cannot tell a bad front door from a good one would prove nothing.
func TestTheCountSeesLosses(t *testing.T) {
	t.Parallel()
	t0 := time.Now()
	after := func(ms int) time.Time { return t0.Add(time.Duration(ms) * time.Millisecond) }
	line := func(backends ...string) []entry {
		e := entry{Pool: "app"}
		for _, b := range backends {
			e.Attempts = append(e.Attempts, attempt{Backend: b})
		}
		return []entry{e}
	}
	killed := []outage{{backend: "app/b1", from: t0, to: after(1000), find: refusedAt}, {backend: "app/b3", from: t0, late: true}}
	for _, tt := range []struct {
		name   string
		shot   shot
		logged []entry
		ran    int
		want   Row
	}{
		{"a good GET", shot{answered: true}, line("b1"), 0, Row{}},
		{"a good POST", shot{post: true, answered: true}, line("b1"), 1, Row{}},
		{"a GET that failed", shot{failed: "502", answered: true, from: "app/b1"}, line("b1"), 0, Row{Failed: 1}},
		{"a POST at the one that died", shot{post: true, failed: "502", answered: true, start: after(-30), took: 60e6}, line("b1"), 1, Row{AtBackend: 1}},
		{"a POST after its death", shot{post: true, failed: "502", answered: true, start: after(300)}, line("b1"), 0, Row{Failed: 1}},
		{"a POST elsewhere", shot{post: true, failed: "502", answered: true, start: t0}, line("b2"), 0, Row{Failed: 1}},
		{"a POST without a line, at the one that died", shot{post: true, failed: "EOF", start: t0, took: 1e6, from: "app/b1"}, nil, 0, Row{AtBackend: 1}},
		{"a POST that ran twice", shot{post: true, answered: true}, line("b1", "b2"), 2, Row{Twice: 1}},
		{"a POST that was answered and never ran", shot{post: true, answered: true}, line("b1"), 0, Row{Failed: 1}},
		{"what a backend answered in its burst", shot{failed: "503", own: true, answered: true}, line("b1"), 0, Row{AtBackend: 1}},
		{"a move from the one that died", shot{sticky: true, answered: true, start: after(500), from: "app/b1", to: "app/b2"}, line("b2"), 0, Row{Moved: 1}},
		{"a move from one that did its work", shot{sticky: true, answered: true, start: after(500), from: "app/b2", to: "app/b1"}, line("b1"), 0, Row{Moved: 1, Needless: 1}},
		{"a move from one that is late", shot{sticky: true, answered: true, start: after(500), from: "app/b3", to: "app/b2"}, line("b2"), 0, Row{Moved: 1}},
		{"a POST that failed at one that is late", shot{post: true, failed: "502", answered: true, start: after(-30), took: 60e6}, line("b3"), 1, Row{Failed: 1}},
		{"a move long after", shot{sticky: true, answered: true, start: after(9000), from: "app/b1", to: "app/b2"}, line("b2"), 0, Row{Moved: 1, Needless: 1}},
		{"another backend without affinity", shot{answered: true, start: t0, from: "app/b2", to: "app/b1"}, line("b1"), 0, Row{}},
		{"an answer without a line", shot{answered: true}, nil, 0, Row{Unlogged: 1}},
		{"an answer with two", shot{answered: true}, append(line("b1"), line("b1")...), 0, Row{Unlogged: 1}},
	} {
		tt.shot.id = "x"
		e := evidence{shots: []shot{tt.shot}, outages: killed, logged: map[string][]entry{"x": tt.logged}, ran: map[string]int{"x": tt.ran}}
		got := e.count()
		losses := got.Failed + got.Twice + got.Needless + got.Unlogged
		got.judge()
		if (got.Verdict == lost) != (losses > 0) || len(got.Notes) != losses {
			t.Errorf("%s: verdict %s, notes %v", tt.name, got.Verdict, got.Notes)
		}
		if got.Failed != tt.want.Failed || got.AtBackend != tt.want.AtBackend || got.Twice != tt.want.Twice ||
			got.Moved != tt.want.Moved || got.Needless != tt.want.Needless || got.Unlogged != tt.want.Unlogged {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestWhatTheFrontDoorFoundByItselfIsNoNeedlessMove(t *testing.T) {
	t.Parallel()
	t0 := time.Now()
	played := []outage{{backend: "app/b1", from: t0, to: t0.Add(time.Second)}}
	found := []finding{
		{Time: t0.Add(500 * time.Millisecond), Pool: "app", Backend: "b1", To: "down"},
		{Time: t0.Add(500 * time.Millisecond), Pool: "app", Backend: "b2", To: "down", Reason: "timeout"},
	}
	more, notes := noticed(found, played)
	if len(more) != 1 || more[0].backend != "app/b2" || len(notes) != 1 {
		t.Errorf("%+v %v", more, notes)
	}
}
