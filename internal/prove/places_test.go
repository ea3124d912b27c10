package prove

import (
	"strings"
	"testing"
	"time"

	"sterling/internal/config"
)

var t0 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func after(ms int) time.Time { return t0.Add(time.Duration(ms) * time.Millisecond) }

// line is one of the access log, of a request that b took from one time to another.
func line(b string, from, to int) []entry {
	return []entry{{
		Pool: "app", Status: 200, End: "ok", Time: after(from), DurationMS: float64(to - from),
		Attempts: []attempt{{Backend: b, Outcome: "ok", MS: 1}},
	}}
}

// twoPlaces is a pool of two backends with places for two at b1 and one at b2, and of
// one that new visitors never come to.
func twoPlaces() *config.Config {
	return &config.Config{Pools: []config.Pool{{Name: "app", Backends: []config.Backend{
		{Name: "b1", Weight: 1, MaxInFlight: 2}, {Name: "b2", Weight: 1, MaxInFlight: 1}, {Name: "spare"},
	}}}}
}

func TestWhatIsTurnedAwayForWantOfPlacesIsNoLossAndNoProof(t *testing.T) {
	t.Parallel()
	refused := entry{Pool: "app", Status: 503, End: "no_backend", Time: after(100), DurationMS: 1}
	cut := refused
	cut.Status, cut.End, cut.NotRetried = 502, "backend_cut", "no_backend"
	cut.Attempts = []attempt{{Backend: "b1", Outcome: "backend_cut", MS: 1}}
	slow := refused
	slow.Status, slow.End = 504, "response_timeout"
	budget := cut
	budget.NotRetried = "budget"
	descriptors := refused
	descriptors.End = "no_descriptors"
	bothFull := map[string][]entry{"1": line("b1", 0, 300), "2": line("b1", 50, 300), "3": line("b2", 0, 300)}
	b1Left := map[string][]entry{"1": line("b1", 0, 300), "2": line("b1", 50, 90), "3": line("b2", 0, 300)}
	onlyB2 := map[string][]entry{"3": line("b2", 0, 300)}
	killed := []outage{{backend: "app/b1", from: t0, to: after(200)}}
	allKilled := []outage{{backend: "app/b1", from: t0, to: after(200)}, {backend: "app/b2", from: t0, to: after(200)}}
	late := []outage{{backend: "app/b1", from: t0, late: true}}
	for _, tt := range []struct {
		name    string
		refused entry
		others  map[string][]entry
		outages []outage
		ran     int
		verdict string
	}{
		{"both full", refused, bothFull, nil, 0, overloaded},
		{"one has room again", refused, b1Left, nil, 0, lost},
		{"one is full, the other one killed", refused, onlyB2, killed, 0, overloaded},
		{"one is full, the other one only late", refused, onlyB2, late, 0, lost},
		{"nobody is full", refused, nil, nil, 0, lost},
		{"nobody is full, all were killed", refused, nil, allKilled, 0, lost},
		{"cut, and no room for another attempt", cut, onlyB2, killed, 0, overloaded},
		{"cut, and no budget", budget, onlyB2, killed, 0, lost},
		{"late among full ones", slow, bothFull, nil, 0, lost},
		{"no descriptors", descriptors, nil, nil, 0, overloaded},
		{"it was run all the same", refused, bothFull, nil, 1, lost},
	} {
		logged := map[string][]entry{"x": {tt.refused}}
		for id, l := range tt.others {
			logged[id] = l
		}
		s := shot{id: "x", pool: "app", answered: true, failed: "status 503", start: after(100), took: time.Millisecond, post: tt.ran > 0}
		e := evidence{shots: []shot{s}, outages: tt.outages, logged: logged, ran: map[string]int{"x": tt.ran}}
		e.places = findPlaces(twoPlaces(), logged)
		r := e.count()
		r.judge()
		if r.Verdict != tt.verdict || r.TurnedAway+r.Failed != 1 {
			t.Errorf("%s: %+v", tt.name, r)
		}
		if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "end "+tt.refused.End+", attempts: ") {
			t.Errorf("%s: does not say why: %v", tt.name, r.Notes)
		}
	}
}

func TestAMoveFromAFullBackendIsNotNeedless(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name              string
		others            map[string][]entry
		crowded, needless int
	}{
		{"full", map[string][]entry{"1": line("b1", 0, 300), "2": line("b1", 50, 300)}, 1, 0},
		{"one place left", map[string][]entry{"1": line("b1", 0, 300)}, 0, 1},
		{"full before", map[string][]entry{"1": line("b1", 0, 300), "2": line("b1", 50, 90)}, 0, 1},
		{"full afterwards", map[string][]entry{"1": line("b1", 0, 300), "2": line("b1", 190, 300)}, 0, 1},
	} {
		logged := map[string][]entry{"x": line("b2", 100, 120)}
		for id, l := range tt.others {
			logged[id] = l
		}
		s := shot{id: "x", pool: "app", sticky: true, answered: true, from: "app/b1", to: "app/b2", start: after(100)}
		e := evidence{shots: []shot{s}, logged: logged, ran: map[string]int{}, places: findPlaces(twoPlaces(), logged)}
		if r := e.count(); r.Moved != 1 || r.Crowded != tt.crowded || r.Needless != tt.needless {
			t.Errorf("%s: %+v", tt.name, r)
		}
	}
}

func TestARequestThatWaitedTookItsPlaceOnlyThen(t *testing.T) {
	t.Parallel()
	waited := line("b2", 0, 300)
	waited[0].QueuedMS = 200
	refusing := line("b2", 0, 300)
	refusing[0].Attempts[0].Outcome = "full"
	p := findPlaces(twoPlaces(), map[string][]entry{"1": waited, "2": refusing})
	if p.fullFor(line("b1", 100, 110)[0], "app/b2") || !p.fullFor(line("b1", 250, 260)[0], "app/b2") {
		t.Errorf("%+v", p.full)
	}
}
