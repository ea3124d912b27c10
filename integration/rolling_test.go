package integration

import (
	"strings"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// All backends are restarted one after the other, each after it was drained,
// while visitors come as before.
func TestARollingRestartLosesNothing(t *testing.T) {
	for name, announce := range map[string]func(t *testing.T, p *proxytest.Sterling, c *proxytest.Child){
		"announced by an order": func(t *testing.T, p *proxytest.Sterling, c *proxytest.Child) {
			t.Helper()
			if out, code := order(t, p, "drain", "app/"+c.Name, "--mode", "now", "--wait"); code != 0 || !strings.Contains(out, "safe to stop") {
				t.Fatalf("drain: %d, %s", code, out)
			}
		},
		// Who comes back after a moment of silence goes elsewhere.
		"announced by an order, when idle": func(t *testing.T, p *proxytest.Sterling, c *proxytest.Child) {
			t.Helper()
			out, code := order(t, p, "drain", "app/"+c.Name, "--mode", "when-idle", "--quiet", "20ms", "--wait")
			if code != 0 || !strings.Contains(out, "mode when-idle") || !strings.Contains(out, " 0 visitors, 0 in flight, 0 tunnels, safe to stop") {
				t.Fatalf("drain: %d, %s", code, out)
			}
		},
		"announced by its own word": func(t *testing.T, p *proxytest.Sterling, c *proxytest.Child) {
			t.Helper()
			c.AskForDrain()
			p.Backend(c.Name, "draining")
			proxytest.Eventually(t, c.Name+" to be safe to stop", func() bool {
				out, code := order(t, p, "status")
				return code == 0 && strings.Contains(out, "draining, safe to stop")
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			children := threeChildren(t)
			idle := "3s"
			if *long {
				idle = "10s" // it takes some seconds until all visitors have come
			}
			p := proxytest.Start(t, proxytest.Options{Config: strings.Replace(failoverPool(children), "[pool.affinity]\n", "[pool.affinity]\nidle = \""+idle+"\"\n", 1)})
			for _, c := range children {
				p.Backend(c.Name, "up")
			}
			// 300 requests a second, in either form.
			visitors, pace, calm := 30, 100*time.Millisecond, 300*time.Millisecond
			if *long {
				visitors, pace, calm = 200, 667*time.Millisecond, 3*time.Second
			}
			crowd := gatherAt(t, visitors, p.URL("plain")+"/", pace)
			var restarts []outage
			for _, c := range children {
				time.Sleep(calm)
				o := outage{backend: c.Name, kind: "drained", from: time.Now()}
				announce(t, p, c)
				c.Terminate()
				c.Wait()
				c.Restart()
				if _, code := order(t, p, "enable", "app/"+c.Name); code != 0 {
					t.Errorf("enable: %d", code)
				}
				p.Backend(c.Name, "up")
				o.to = time.Now()
				restarts = append(restarts, o)
			}
			time.Sleep(calm)
			shots := crowd.end()
			ran := map[string]int{}
			for _, c := range children {
				for id, n := range c.Ran() {
					ran[id] += n
				}
			}
			got := count(shots, restarts, ran)
			got.report(t, name)
			if got.failedGets+got.failedPosts > 0 {
				t.Errorf("%d GETs and %d POSTs failed: %+v %+v", got.failedGets, got.failedPosts, got.lostGets, got.strayPosts)
			}
			if len(got.twice) > 0 || len(ran) != got.posts {
				t.Errorf("run twice: %v; %d POSTs were sent, %d run", got.twice, got.posts, len(ran))
			}
			if got.needless > 0 || got.moves == 0 {
				t.Errorf("%d moves, %d of them needless", got.moves, got.needless)
			}
			for _, v := range crowd.visitors {
				moves := map[string]int{}
				for _, s := range v.shots {
					if s.from != "" && s.from != s.to {
						moves[s.from]++
					}
				}
				for from, n := range moves {
					if n > 1 {
						t.Errorf("%s left %s %d times", v.name, from, n)
					}
				}
			}
		})
	}
}
