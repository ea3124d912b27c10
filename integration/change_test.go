package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// Configurations and programs are exchanged one after the other, while visitors
// come as before, and websockets stay open on a route that does not change.
func TestReloadsAndUpgradesLoseNothing(t *testing.T) {
	visitors, pace, open, deadline := 30, 100*time.Millisecond, 20, 2*time.Second
	upgrades, reloads, between := 2, 3, 200*time.Millisecond
	if *long { // 50 reloads and 5 upgrades in 60 s, under 300 requests a second
		visitors, pace, open, deadline = 200, 667*time.Millisecond, 100, 5*time.Second
		upgrades, reloads, between = 5, 10, 500*time.Millisecond
	}
	children := threeChildren(t)
	ws := wsBackend(t)
	config := func(n int) string {
		rule := fmt.Sprintf("[route.request.set]\nX-Configuration = \"%d\"\n", n)
		return fmt.Sprintf("[shutdown]\ntimeout = %q\n", deadline) +
			strings.Replace(failoverPool(children), "[[pool]]", rule+"[[pool]]", 1) +
			"[[route]]\nname = \"ws\"\npaths = [\"/ws\"]\npool = \"ws\"\n" + proxytest.OnlyPool("ws", "", ws.Addr)
	}
	p := proxytest.Start(t, proxytest.Options{Config: config(0)})
	for _, c := range children {
		p.Backend(c.Name, "up")
	}
	crowd := gatherAt(t, visitors, p.URL("plain")+"/", pace)
	sockets := func() []*proxytest.Raw {
		all := make([]*proxytest.Raw, open)
		for i := range all {
			all[i] = openSocket(t, p)
		}
		return all
	}
	speak := func(all []*proxytest.Raw) {
		t.Helper()
		for _, s := range all {
			s.Send(textFrame)
			expect(t, s, textFrame)
		}
	}
	began, n := time.Now(), 0
	for range upgrades {
		kept := sockets()
		for range reloads {
			n++
			p.Write(config(n))
			p.Reload()
			speak(kept)
			time.Sleep(between)
		}
		p.Upgrade()
		upgraded := time.Now()
		speak(kept)
		for _, s := range kept {
			wantGoingAway(t, s)
		}
		if d := time.Since(upgraded); d < deadline-time.Second {
			t.Errorf("websockets were told to go %v after the upgrade, before the deadline", d)
		}
	}
	took := time.Since(began)
	shots := crowd.end()
	p.StopHeirs()
	ran := map[string]int{}
	for _, c := range children {
		for id, n := range c.Ran() {
			ran[id] += n
		}
	}
	got := count(shots, nil, ran)
	got.report(t, fmt.Sprintf("%d reloads, %d upgrades in %v", n, upgrades, took.Round(time.Second)))
	if got.failedGets+got.failedPosts > 0 {
		t.Errorf("%d GETs and %d POSTs failed: %+v %+v", got.failedGets, got.failedPosts, got.lostGets, got.strayPosts)
	}
	if len(got.twice) > 0 || len(ran) != got.posts || got.moves > 0 {
		t.Errorf("run twice: %v; %d POSTs were sent, %d run; %d moves", got.twice, got.posts, len(ran), got.moves)
	}
	if told := strings.Count(p.Log(), fmt.Sprintf(`"connections":%d,`, open)); told != upgrades {
		t.Errorf("%d processes have counted their websockets, want %d", told, upgrades)
	}
	ends := map[string]int{}
	for _, l := range p.Lines() {
		if l.Path == "/ws" {
			ends[l.End]++
		}
	}
	if len(ends) != 1 || ends["going_away"] != upgrades*open {
		t.Errorf("websockets ended as %v, want %d that were told to go", ends, upgrades*open)
	}
}
