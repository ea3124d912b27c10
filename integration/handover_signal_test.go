package integration

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// A reload that is asked for by a signal while an upgrade runs is done by
// whoever serves after that, and the service manager, which waits for it, is told.
func TestAReloadDuringAnUpgradeFollowsIt(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]bool{"that succeeds": false, "that fails": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newServiceManager(t)
			c := newCluster(t, "b1")
			program := installed(t)
			p := proxytest.Start(t, proxytest.Options{
				Program: program, Env: []string{"NOTIFY_SOCKET=" + m.path},
				Config: "[shutdown]\nidle_grace = \"50ms\"\n[upgrade]\nidle_grace = \"50ms\"\ntimeout = \"10m\"\n" + proxytest.Pool("app", c.addrs...),
			})
			m.wait(t, "READY=1", 1)
			pid, goOn := halfway(t, p, program)
			p.Signal(syscall.SIGHUP)
			proxytest.Eventually(t, "the reload to be remembered", func() bool { return strings.Contains(p.Log(), "a reload follows the upgrade") })
			if n := m.count("RELOADING=1"); n != 0 {
				t.Errorf("told of %d reloads while the upgrade runs", n)
			}
			ready := 3 // the first one, that of the new process, and that after the reload
			if fails {
				ready = 2
				if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			} else {
				goOn()
			}
			m.wait(t, "RELOADING=1", 1)
			m.wait(t, "READY=1", ready)
			if fails {
				p.Stop()
				return
			}
			p.Exit(30 * time.Second)
			if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
				t.Error(err)
			}
			proxytest.Eventually(t, "its end", func() bool { return ended(pid) })
		})
	}
}

// The service manager counts from one sign of life to the next, whoever gives it.
func TestAHandOverGivesSignsOfLifeOnBothSides(t *testing.T) {
	t.Parallel()
	m := newServiceManager(t)
	c := newCluster(t, "b1")
	p := proxytest.Start(t, proxytest.Options{
		Config: "[shutdown]\nidle_grace = \"50ms\"\n[upgrade]\nidle_grace = \"50ms\"\n" + proxytest.Pool("app", c.addrs...),
		Env:    []string{"NOTIFY_SOCKET=" + m.path, "WATCHDOG_USEC=3600000000"}, // no turn comes
	})
	m.wait(t, "WATCHDOG=1", 1) // at the start
	p.Upgrade()
	m.wait(t, "WATCHDOG=1", 3)
	m.mu.Lock()
	defer m.mu.Unlock()
	var kinds []string
	for _, s := range m.told {
		word, _, _ := strings.Cut(s, "=")
		kinds = append(kinds, word)
	}
	if got := strings.Join(kinds, " "); !strings.HasSuffix(got, "WATCHDOG MAINPID READY WATCHDOG") {
		t.Errorf("told %s", got)
	}
}
