package integration

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// scene is how large and long a failover is played.
type scene struct {
	visitors int
	phase    time.Duration // between two events
	outage   time.Duration // from death to return, from frost to thaw
}

func theScene() scene {
	if *long {
		return scene{visitors: 200, phase: 5 * time.Second, outage: 4 * time.Second}
	}
	return scene{visitors: 40, phase: time.Second, outage: 2 * time.Second}
}

// failoverPool has the check settings that all proxies of the comparison get.
func failoverPool(children []*proxytest.Child) string {
	var addrs []string
	for _, c := range children {
		addrs = append(addrs, c.Addr)
	}
	return proxytest.Pool("app", addrs...) + `
[pool.health]
path = "/healthz"
interval = "500ms"
timeout = "500ms"
fall = 2
[pool.timeout]
connect = "1s"
response = "5s"
`
}

func threeChildren(t testing.TB) []*proxytest.Child {
	t.Helper()
	var all []*proxytest.Child
	for i := range 3 {
		all = append(all, proxytest.StartChild(t, fmt.Sprintf("b%d", i+1), 60*time.Millisecond))
	}
	return all
}

// play runs the six phases: all well; one killed; it is back; another frozen;
// it is thawed; the third ends orderly.
func play(t testing.TB, s scene, url string, children []*proxytest.Child) (shots []shot, outages []outage, ran map[string]int) {
	t.Helper()
	c := gather(t, s.visitors, url)
	time.Sleep(s.phase)

	killed := outage{backend: "b1", kind: "killed", from: time.Now()}
	children[0].Kill()
	time.Sleep(s.outage)
	children[0].Restart()
	killed.to = time.Now()
	time.Sleep(s.phase)

	frozen := outage{backend: "b2", kind: "frozen", from: time.Now()}
	children[1].Freeze()
	time.Sleep(s.outage)
	children[1].Thaw()
	frozen.to = time.Now()
	time.Sleep(s.phase)

	ended := outage{backend: "b3", kind: "ended", from: time.Now()}
	children[2].Terminate()
	time.Sleep(s.outage)
	ended.to = time.Now().Add(time.Hour) // it does not come back

	shots = c.end()
	ran = map[string]int{}
	for _, b := range children {
		for id, n := range b.Ran() {
			ran[id] += n
		}
	}
	return shots, []outage{killed, frozen, ended}, ran
}

func (c tally) report(t testing.TB, name string) {
	t.Helper()
	t.Logf("%-24s requests %6d  GETs failed %3d  POSTs failed %3d (stray %d, crossed %d)  run twice %3d  moves %4d (needless %d)  slowest GET %6v  slowest POST %6v  median %v",
		name, c.requests, c.failedGets, c.failedPosts, len(c.strayPosts), c.crossed, len(c.twice), c.moves, c.needless,
		c.slowestGet.Round(time.Millisecond), c.slowestPost.Round(time.Millisecond), c.median.Round(100*time.Microsecond))
}

func TestFailoverLosesNoGetAndRunsNoPostTwice(t *testing.T) {
	children := threeChildren(t)
	p := proxytest.Start(t, proxytest.Options{Config: failoverPool(children)})
	for _, c := range children {
		p.Backend(c.Name, "up")
	}
	shots, outages, ran := play(t, theScene(), p.URL("plain")+"/", children)
	if !*long {
		outages = append(outages, starved(t, p.Log(), outages)...)
	}
	got := count(shots, outages, ran)
	got.report(t, "sterling")
	if got.failedGets > 0 {
		t.Errorf("%d GETs failed: %+v", got.failedGets, got.lostGets)
	}
	if len(got.twice) > 0 {
		t.Errorf("%d POSTs were run twice: %v", len(got.twice), got.twice)
	}
	if got.needless > 0 {
		t.Errorf("%d visitors moved without need", got.needless)
	}
	if len(got.strayPosts) > 0 {
		t.Errorf("%d POSTs failed that were not at the dead or frozen backend: %+v", len(got.strayPosts), got.strayPosts)
	}
	if got.crossed > 5 {
		t.Errorf("%d POSTs failed at the backend that ended in good order, want next to none", got.crossed)
	}
	if got.moves == 0 {
		t.Error("nobody moved: the outages were not felt, and this test proves nothing")
	}
	// Only the long form, run by hand on a quiet machine, looks at the clock.
	if *long && got.slowestGet > 600*time.Millisecond {
		t.Errorf("the slowest GET took %v, want at most 600 ms", got.slowestGet)
	}
	for _, l := range p.WaitLines(got.requests, nil) {
		// The clock of a busy machine proves nothing, but the order of events does.
		if i := backTo(l.Attempts); i > 0 {
			t.Errorf("attempt %d went back to a backend that had been given up: %+v", i+1, l)
		}
		if l.Status >= 500 && l.Backend == "b3" {
			t.Logf("failed at the backend that ended: %+v", l)
		}
	}
	p.Stop()
}

// starved returns an outage for each time that the door took a backend for down
// outside those that were played: on a machine that has no time for the backend
// its checks time out, and its visitors move with reason.
func starved(t testing.TB, log string, played []outage) []outage {
	t.Helper()
	var out []outage
	for line := range strings.Lines(log) {
		var e struct {
			Time                time.Time
			Backend, To, Reason string
		}
		if json.Unmarshal([]byte(line), &e) != nil || e.To != "down" || !strings.Contains(e.Reason, "timeout") {
			continue
		}
		if !slices.ContainsFunc(played, func(o outage) bool {
			return o.backend == e.Backend && e.Time.After(o.from) && e.Time.Before(o.to.Add(time.Second))
		}) {
			t.Logf("no time for %s at %v: %s", e.Backend, e.Time, e.Reason)
			out = append(out, outage{e.Backend, "starved", e.Time.Add(-time.Second), e.Time.Add(time.Second)})
		}
	}
	return out
}

// backTo returns the first attempt at a backend that the same request had left
// because it was marked down or too slow; 0 when there is none.
func backTo(attempts []proxytest.Attempt) int {
	for i, a := range attempts {
		for _, b := range attempts[:i] {
			if a.Backend == b.Backend && (b.Outcome == "moved" || b.Outcome == "response_timeout") {
				return i
			}
		}
	}
	return 0
}

// A tally that cannot tell a bad proxy from a good one would prove nothing.
func TestTheFailoverTallySeesLosses(t *testing.T) {
	t.Parallel()
	at := time.Now()
	out := []outage{{"b1", "killed", at, at.Add(time.Second)}}
	shots := []shot{
		{id: "1", post: true, start: at.Add(-30 * time.Millisecond), took: 60 * time.Millisecond, failed: "502", from: "b1", to: "b1"}, // at the dead one
		{id: "2", post: true, start: at.Add(300 * time.Millisecond), took: time.Millisecond, failed: "502", from: "b1", to: "b1"},      // after its death
		{id: "3", post: true, start: at, took: time.Millisecond, failed: "502", from: "b2", to: "b2"},                                  // elsewhere
		{id: "4", start: at, took: time.Millisecond, failed: "502", from: "b1", to: "b1"},
		{id: "5", start: at.Add(500 * time.Millisecond), from: "b1", to: "b2"},
		{id: "6", start: at.Add(500 * time.Millisecond), from: "b2", to: "b3"},
	}
	got := count(shots, out, map[string]int{"1": 2, "2": 1})
	if got.failedGets != 1 || got.failedPosts != 3 || len(got.strayPosts) != 2 || got.moves != 2 || got.needless != 1 || len(got.twice) != 1 {
		t.Errorf("%+v", got)
	}
}
