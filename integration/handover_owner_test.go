package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// stateDuty is what the state file says of a backend; "serving" where it says
// nothing. A file that cannot be read whole fails the test.
func stateDuty(t *testing.T, p *proxytest.Sterling, pool, backend string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.Dir, "state", "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Pools map[string]map[string]struct {
			Order *struct {
				Duty string `json:"duty"`
			} `json:"order"`
		} `json:"pools"`
	}
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatalf("state.json: %v: %s", err, text)
	}
	if o := f.Pools[pool][backend].Order; o != nil {
		return o.Duty
	}
	return "serving"
}

// Whoever confirms an order has written it down, and nobody who has handed over
// writes anything else there later, or the other way round.
func TestOrdersThatAreConfirmedDuringUpgradesHold(t *testing.T) {
	t.Parallel()
	upgrades := 20
	if *long {
		upgrades = 400
	}
	c := newCluster(t, "b1", "b2", "b3")
	p := proxytest.Start(t, proxytest.Options{Config: "[shutdown]\nidle_grace = \"50ms\"\n[upgrade]\nidle_grace = \"50ms\"\n" + proxytest.Pool("app", c.addrs...)})
	var ordering sync.WaitGroup
	stop := make(chan struct{})
	confirmed, again := 0, 0
	ordering.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			word, duty := "drain", "draining"
			if n%2 == 1 {
				word, duty = "disable", "disabled"
			}
			switch code, body := p.Admin("POST", "/api/v1/pools/app/backends/b1/"+word); {
			case code == 409 && strings.Contains(body, "order it again"):
				again++
				continue
			case code != 200:
				t.Errorf("%s: %d %s", word, code, body)
				return
			}
			confirmed++
			if got := stateDuty(t, p, "app", "b1"); got != duty {
				t.Errorf("%s was confirmed, and the file says %s", word, got)
			}
			if code, body := p.Admin("GET", "/api/v1/status"); code != 200 || !strings.Contains(body, `"duty": "`+duty+`"`) {
				t.Errorf("%s was confirmed, and the status says %d %s", word, code, body)
			}
		}
	})
	for range upgrades {
		p.Upgrade()
	}
	close(stop)
	ordering.Wait()
	t.Logf("%d orders confirmed, %d refused", confirmed, again)
	if confirmed < upgrades {
		t.Errorf("%d orders were confirmed", confirmed)
	}
	want := stateDuty(t, p, "app", "b1")
	p.StopHeirs()
	if got := stateDuty(t, p, "app", "b1"); got != want {
		t.Errorf("after the end the file says %s, not %s", got, want)
	}
}

// halfway sends SIGUSR2, and returns when the new process, whose id it returns,
// has begun; it goes on when the file "go" is there.
func halfway(t *testing.T, p *proxytest.Sterling, program string) (pid int, goOn func()) {
	t.Helper()
	pidFile, mark := filepath.Join(p.Dir, "pid"), filepath.Join(p.Dir, "go")
	replaceBy(t, program, fmt.Sprintf("echo $$ > %s\nuntil [ -e %s ]; do sleep 0.02; done\nexec $REAL \"$@\"", pidFile, mark))
	p.Signal(syscall.SIGUSR2)
	return waitPID(t, pidFile), func() { writeFile(t, mark, "") }
}

func TestTheEndOfTheOldProcessDoesNotKeepTheNewOneWaiting(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1", "b2")
	program := installed(t)
	p := proxytest.Start(t, proxytest.Options{Program: program, Config: proxytest.Pool("app", c.addrs...)})
	pid, goOn := halfway(t, p, program)
	url := p.URL("front") + "/"
	p.Signal(syscall.SIGKILL)
	p.Exit(10 * time.Second)
	goOn()
	proxytest.Eventually(t, "the new process to answer", func() bool {
		_, body := p.Admin("GET", "/api/v1/status")
		return strings.Contains(body, fmt.Sprintf(`"pid": %d,`, pid))
	})
	defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }() // it may have ended
	if a := do(t, p.Client(true), request(t, "GET", url, "")); a.StatusCode != 200 {
		t.Errorf("status %d", a.StatusCode)
	}
	if code, body := p.Admin("POST", "/api/v1/pools/app/backends/b1/drain"); code != 200 || stateDuty(t, p, "app", "b1") != "draining" {
		t.Errorf("an order: %d %s, and the file says %s", code, body, stateDuty(t, p, "app", "b1"))
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	proxytest.Eventually(t, "its end", func() bool { return syscall.Kill(pid, 0) != nil })
}

// A process that cannot let go keeps everything: the new one waits, and when it
// is told to end instead, the old one goes on.
func TestWhileTheOldProcessStandsStillTheNewOneTakesNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1", "b2")
	program := installed(t)
	p := proxytest.Start(t, proxytest.Options{Program: program, Config: "[upgrade]\ntimeout = \"10m\"\n" + proxytest.Pool("app", c.addrs...)})
	pid, goOn := halfway(t, p, program)
	url := p.URL("plain") + "/"
	p.Signal(syscall.SIGSTOP)
	goOn()
	proxytest.Eventually(t, "the new process to be ready", func() bool { return strings.Contains(p.Log(), "taking over") })
	soon := p.Client(false)
	soon.Timeout = 500 * time.Millisecond
	if _, err := try(soon, request(t, "GET", url, "")); err == nil {
		t.Error("the new process serves while the old one has not let go")
	}
	proxytest.Eventually(t, "the new process to end", func() bool {
		_ = syscall.Kill(pid, syscall.SIGTERM) // two are needed, and two at once are one
		return ended(pid)
	})
	p.Signal(syscall.SIGCONT)
	proxytest.Eventually(t, "the old one to say so", func() bool { return strings.Contains(p.Log(), "upgrade failed; this process goes on") })
	if a := do(t, p.Client(true), request(t, "GET", p.URL("front")+"/", "")); a.StatusCode != 200 {
		t.Errorf("status %d", a.StatusCode)
	}
	if code, body := p.Admin("POST", "/api/v1/pools/app/backends/b1/drain"); code != 200 {
		t.Errorf("an order: %d %s", code, body)
	}
	p.Stop()
}

// ended reports whether a process has come to its end, though its parent may not
// have taken note of it: its last thread then holds nothing any more.
func ended(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	_, state, _ := strings.Cut(string(stat), ") ")
	return state[0] == 'Z' && (err != nil || len(threads) == 1)
}
