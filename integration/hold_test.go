package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// holdingPool is failoverPool, whose requests are held.
func holdingPool(children []*proxytest.Child, settings string) string {
	return strings.Replace(failoverPool(children), "[[pool]]\n", "[[pool]]\n"+settings, 1)
}

func TestRequestsAreHeldWhileAllBackendsAreDead(t *testing.T) {
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			children := threeChildren(t)
			dir := t.TempDir()
			const page = "<h1>Back in a minute</h1>\n"
			if err := os.WriteFile(filepath.Join(dir, "away.html"), []byte(page), 0o600); err != nil {
				t.Fatal(err)
			}
			p := proxytest.Start(t, proxytest.Options{Dir: dir, Config: holdingPool(children, "hold = \"1m\"\nhold_requests = 100\n") +
				"[pool.unavailable]\nfile = \"away.html\"\nretry_after = \"1m\"\n"})
			for _, c := range children {
				p.Backend(c.Name, "up")
			}
			for _, c := range children {
				c.Kill()
			}
			const held = 100
			answers := make(chan string, held)
			client := m.client(p)
			for i := range held {
				method, body := "GET", ""
				if i%2 == 1 {
					method, body = "POST", "buys one"
				}
				req := request(t, method, p.URL(m.listener)+"/", body, fmt.Sprintf("%s: held-%d", proxytest.TestID, i))
				go func() {
					a, err := try(client, req)
					if err == nil {
						answers <- a.Status
					} else {
						answers <- err.Error()
					}
				}()
			}
			proxytest.Eventually(t, "all to be held", func() bool { return p.Status().Pools[0].Held == held })
			a := do(t, m.client(p), request(t, "GET", p.URL(m.listener)+"/", ""))
			if a.StatusCode != 503 || a.body != page || a.Header.Get("Retry-After") != "60" || len(a.Header.Values("Set-Cookie")) > 0 {
				t.Errorf("the one that there was no room for got %d %v %q", a.StatusCode, a.Header, a.body)
			}
			for _, c := range children {
				c.Restart()
			}
			for range held {
				if got := <-answers; !strings.HasPrefix(got, "200") {
					t.Errorf("a request that was held got %s", got)
				}
			}
			ran := map[string]int{}
			for _, c := range children {
				for id, n := range c.Ran() {
					ran[id] += n
				}
			}
			for i := 1; i < held; i += 2 {
				if id := fmt.Sprint("held-", i); ran[id] != 1 {
					t.Errorf("POST %s was run %d times", id, ran[id])
				}
			}
		})
	}
}

// A cluster that is stopped and started as a whole costs its visitors a wait.
func TestARestartOfAllBackendsAtOnceLosesNothing(t *testing.T) {
	children := threeChildren(t)
	p := proxytest.Start(t, proxytest.Options{Config: holdingPool(children, "hold = \"10s\"\n")})
	for _, c := range children {
		p.Backend(c.Name, "up")
	}
	visitors, pace, away := 30, 100*time.Millisecond, time.Second
	if *long {
		visitors, pace, away = 200, 667*time.Millisecond, 5*time.Second
	}
	crowd := gatherAt(t, visitors, p.URL("plain")+"/", pace)
	time.Sleep(away)
	var gone []outage
	for _, c := range children {
		gone = append(gone, outage{backend: c.Name, kind: "ended", from: time.Now()})
		c.Terminate()
	}
	for _, c := range children {
		c.Wait()
	}
	time.Sleep(away)
	for i, c := range children {
		c.Restart()
		gone[i].to = time.Now()
	}
	time.Sleep(away)
	shots := crowd.end()
	ran := map[string]int{}
	for _, c := range children {
		for id, n := range c.Ran() {
			ran[id] += n
		}
	}
	got := count(shots, gone, ran)
	got.report(t, "all restarted at once")
	if got.failedGets+got.failedPosts > 0 {
		t.Errorf("%d GETs and %d POSTs failed: %+v %+v", got.failedGets, got.failedPosts, got.lostGets, got.strayPosts)
	}
	if len(got.twice) > 0 || len(ran) != got.posts {
		t.Errorf("run twice: %v; %d POSTs were sent, %d run", got.twice, got.posts, len(ran))
	}
}
