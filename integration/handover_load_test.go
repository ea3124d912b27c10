package integration

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

func TestUpgradesUnderLoadLoseNothing(t *testing.T) {
	upgrades, between := 3, int64(200)
	if *long {
		upgrades, between = 15, 4000
	}
	children := []*proxytest.Child{proxytest.StartChild(t, "b1", 5*time.Millisecond), proxytest.StartChild(t, "b2", 5*time.Millisecond)}
	p := proxytest.Start(t, proxytest.Options{
		Config: "[shutdown]\nidle_grace = \"300ms\"\n[upgrade]\nidle_grace = \"300ms\"\n" + proxytest.Pool("app", children[0].Addr, children[1].Addr),
	})
	// One request a connection, as fast as it goes, beside visitors that keep theirs.
	var answered atomic.Int64
	lost := make(chan string, 1000)
	stop := make(chan struct{})
	var knocking sync.WaitGroup
	url := p.URL("plain") + "/"
	once := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
	for range 4 {
		knocking.Go(func() { knockOn(once, url, stop, &answered, lost) })
	}
	for _, h2 := range []bool{false, true} {
		kept, url := p.Client(h2), p.URL("front")+"/"
		knocking.Go(func() { knockOn(kept, url, stop, &answered, lost) })
	}
	visitors := gather(t, 30, url)
	for range upgrades {
		p.Upgrade()
		at := answered.Load()
		proxytest.Eventually(t, "load at the new process", func() bool { return answered.Load() > at+between })
	}
	close(stop)
	knocking.Wait()
	shots := visitors.end()
	close(lost)
	for l := range lost {
		t.Errorf("lost: %s", l)
	}
	ran := map[string]int{}
	for _, c := range children {
		for id, n := range c.Ran() {
			ran[id] += n
		}
	}
	tally := count(shots, nil, ran)
	if tally.failedGets+tally.failedPosts > 0 || len(tally.twice) > 0 || tally.moves > 0 {
		t.Errorf("of %d requests %d GETs and %d POSTs failed, %q ran twice, %d visitors moved: %+v %+v",
			tally.requests, tally.failedGets, tally.failedPosts, tally.twice, tally.moves, tally.lostGets, tally.strayPosts)
	}
	if code := p.Exit(30 * time.Second); code != 0 {
		t.Errorf("the first process ended with %d", code)
	}
	p.StopHeirs()
	if n := int64(len(p.Lines())); n != answered.Load()+int64(len(shots)) {
		t.Errorf("%d lines in the access log of %d processes, want %d", n, upgrades+1, answered.Load()+int64(len(shots)))
	}
}

func TestStoppingAfterAnUpgradeLosesNothing(t *testing.T) {
	rec := proxytest.NewRecorder(t, nil)
	p := proxytest.Start(t, proxytest.Options{Config: "[shutdown]\nidle_grace = \"50ms\"\n[upgrade]\nidle_grace = \"50ms\"\n" + proxytest.Pool("app", rec.Addr)})
	addr := p.Addr("plain")
	p.Upgrade()
	p.Exit(30 * time.Second)
	var answered atomic.Int64
	lost := make(chan string, 100)
	var knocking sync.WaitGroup
	for range 32 {
		knocking.Go(func() { knock(addr, &answered, lost) })
	}
	proxytest.Eventually(t, "some load", func() bool { return answered.Load() > 100 })
	p.StopHeirs()
	knocking.Wait()
	close(lost)
	for l := range lost {
		t.Errorf("lost: %s", l)
	}
}

// knockOn asks as fast as it goes.
func knockOn(client *http.Client, url string, stop <-chan struct{}, answered *atomic.Int64, lost chan<- string) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		req, err := http.NewRequest(http.MethodGet, url, nil) //nolint:noctx // the client has a timeout
		if err == nil {
			var a answer
			if a, err = try(client, req); err == nil && a.StatusCode != 200 {
				err = fmt.Errorf("status %d", a.StatusCode)
			}
		}
		if err != nil {
			lost <- err.Error()
			continue
		}
		answered.Add(1)
	}
}
