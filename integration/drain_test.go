package integration

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// order runs a command that speaks to the process.
func order(t *testing.T, p *proxytest.Sterling, args ...string) (string, int) {
	t.Helper()
	return command(t, p.Dir, append(args, "--admin", "unix:"+p.Dir+"/admin.sock")...)
}

// Whatever becomes of the process, what was ordered holds, and cookies do.
func TestADrainOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, p *proxytest.Sterling, config string) *proxytest.Sterling{
		"reload": func(_ *testing.T, p *proxytest.Sterling, _ string) *proxytest.Sterling { p.Reload(); return p },
		"upgrade": func(_ *testing.T, p *proxytest.Sterling, _ string) *proxytest.Sterling {
			p.Upgrade()
			return p
		},
		"kill": func(t *testing.T, p *proxytest.Sterling, config string) *proxytest.Sterling {
			p.Signal(syscall.SIGKILL)
			p.Exit(10 * time.Second)
			return proxytest.Start(t, proxytest.Options{Dir: p.Dir, CA: p.CA, Config: config})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, "b1", "b2", "b3")
			config := "[shutdown]\nidle_grace = \"100ms\"\n[upgrade]\nidle_grace = \"100ms\"\n" + proxytest.Pool("app", c.addrs...)
			p := proxytest.Start(t, proxytest.Options{Config: config})
			m := modes[0]
			cookie, own := enter(t, p, m)
			if out, code := order(t, p, "drain", "app/"+own); code != 0 || !strings.Contains(out, "app/"+own+": draining, health up, mode keep") {
				t.Fatalf("drain: %d, %s", code, out)
			}
			p = end(t, p, config)
			for range 10 {
				a := do(t, m.client(p), request(t, "GET", p.URL(m.listener)+"/", "", "Cookie: "+cookie))
				if a.body != own || len(a.Header.Values("Set-Cookie")) != 0 {
					t.Fatalf("a known visitor got %s with %q, want %s", a.body, a.Header.Values("Set-Cookie"), own)
				}
				if _, other := enter(t, p, m); other == own {
					t.Fatal("a new visitor got the one that drains")
				}
			}
			if out, code := order(t, p, "status"); code != 0 || !strings.Contains(out, "draining") {
				t.Errorf("status: %d, %s", code, out)
			}
			if out, code := order(t, p, "enable", "app/"+own); code != 0 || !strings.Contains(out, own+": up") {
				t.Errorf("enable: %d, %s", code, out)
			}
		})
	}
}

// Not only drains: all that was ordered, and what is known of health.
func TestWhatAProcessWasToldOutlivesAKill(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1", "b2", "b3")
	gone := proxytest.FreeAddr(t)
	config := proxytest.Pool("app", append(c.addrs, gone)...) + "[pool.health]\ntype = \"tcp\"\ninterval = \"100ms\"\nfall = 1\n"
	p := proxytest.Start(t, proxytest.Options{Config: config})
	p.Backend("b4", "down")
	since := p.Status().Pools[0].Backends[3].Since
	for _, args := range []string{"disable app/b1", "weight app/b2 0", "drain app/b2 --mode when-idle --quiet 7m --timeout 3h"} {
		if out, code := order(t, p, strings.Fields(args)...); code != 0 {
			t.Fatalf("%s: %d, %s", args, code, out)
		}
	}
	proxytest.Eventually(t, "the file to say that b4 is down", func() bool {
		text, err := os.ReadFile(filepath.Join(p.Dir, "state", "state.json"))
		return err == nil && strings.Contains(strings.ReplaceAll(string(text), " ", ""), `"health":"down"`)
	})
	p.Signal(syscall.SIGKILL)
	p.Exit(10 * time.Second)
	p = proxytest.Start(t, proxytest.Options{Dir: p.Dir, CA: p.CA, Config: config})
	out, code := order(t, p, "status", "--json")
	if code != 0 {
		t.Fatalf("status: %d, %s", code, out)
	}
	var got struct {
		Pools []struct {
			Backends []struct {
				Name, State, Health string
				Weight              int
				Since               time.Time
				Order               *struct{ Duty, Mode, Quiet, Until string }
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	b := got.Pools[0].Backends
	if b[0].State != "disabled" || b[0].Order == nil {
		t.Errorf("b1: %+v", b[0])
	}
	if o := b[1].Order; b[1].Weight != 0 || o == nil || o.Mode != "when_idle" || o.Quiet != "7m0s" || o.Until == "" {
		t.Errorf("b2: %+v, %+v", b[1], o)
	}
	if b[3].Health != "down" || !b[3].Since.Equal(since) {
		t.Errorf("b4: %+v, want it to be down since %v", b[3], since)
	}
	for range 6 {
		if _, own := enter(t, p, modes[0]); own != "b3" {
			t.Errorf("a new visitor got %s", own)
		}
	}
}

func TestDrainWaitsUntilItIsSafeToStop(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1", "b2")
	p := proxytest.Start(t, proxytest.Options{
		Config: strings.Replace(proxytest.Pool("app", c.addrs...), "[pool.affinity]\n", "[pool.affinity]\nidle = \"6s\"\n", 1),
	})
	m := modes[0]
	cookie, own := enter(t, p, m)
	do(t, m.client(p), request(t, "GET", p.URL(m.listener)+"/", "", "Cookie: "+cookie))
	out, code := order(t, p, "drain", "app/"+own, "--wait")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || !strings.Contains(lines[0], "1 visitor,") || !strings.Contains(lines[len(lines)-1], "0 visitors, 0 in flight, 0 tunnels, safe to stop") {
		t.Errorf("%d:\n%s", code, out)
	}
}

// The command that waits outlives the process that it has asked.
func TestDrainWaitsOverARestart(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1", "b2")
	idle := func(limit string) string {
		return strings.Replace(proxytest.Pool("app", c.addrs...), "[pool.affinity]\n", "[pool.affinity]\nidle = \""+limit+"\"\n", 1)
	}
	p := proxytest.Start(t, proxytest.Options{Config: idle("1m")})
	_, own := enter(t, p, modes[0])
	said := filepath.Join(t.TempDir(), "said")
	out, err := os.Create(said)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	says := func(what string) func() bool {
		return func() bool {
			text, _ := os.ReadFile(said)
			return strings.Contains(string(text), what)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	wait := exec.CommandContext(ctx, proxytest.Program(t), "drain", "app/"+own, "--wait", "--admin", "unix:"+p.Dir+"/admin.sock") //nolint:gosec // the program under test
	wait.Stdout, wait.Stderr = out, out
	if err := wait.Start(); err != nil {
		t.Fatal(err)
	}
	proxytest.Eventually(t, "the first look", says("visitor"))
	p.Signal(syscall.SIGKILL)
	p.Exit(10 * time.Second)
	proxytest.Eventually(t, "it to notice", says("waiting for the front door"))
	proxytest.Start(t, proxytest.Options{Dir: p.Dir, CA: p.CA, Config: idle("2s")})
	if err := wait.Wait(); err != nil || !says("safe to stop")() {
		text, _ := os.ReadFile(said)
		t.Errorf("%v:\n%s", err, text)
	}
}

func TestOrdersThatCannotBe(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1")
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", c.addrs...)})
	enter(t, p, modes[0])
	for _, tc := range []struct {
		args string
		code int
		says string
	}{
		{"drain app/b1", 1, "the last of pool"},
		{"disable app/b1", 1, "force"},
		{"weight app/b1 0", 1, "the last"},
		{"drain app/b9", 1, "b1"},
		{"drain web/b1", 1, "pools: app"},
		{"drain b1", 2, "POOL/BACKEND"},
		{"drain app/b1 --mode soon", 2, "when-idle"},
		{"weight app/b1 many", 2, "no weight"},
		{"weight app/b1 1001", 2, "1000"},
		{"drain app/b1 --force", 0, "draining"},
		{"enable app/b1", 0, "up"},
		{"weight app/b1 5", 0, "weight 5"},
	} {
		if out, code := order(t, p, strings.Fields(tc.args)...); code != tc.code || !strings.Contains(out, tc.says) {
			t.Errorf("%s: %d, %s", tc.args, code, out)
		}
	}
}
