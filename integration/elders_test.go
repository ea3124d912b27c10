package integration

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// slowCluster is two backends that answer with their names, to /slow once it is
// let go.
func slowCluster(t *testing.T) (addrs []string, letGo func()) {
	t.Helper()
	hold := make(chan struct{})
	for _, name := range []string{"b1", "b2"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				_, _ = io.Copy(io.Discard, r.Body)
				<-hold
			}
			_, _ = io.WriteString(w, name)
		}))
		t.Cleanup(s.Close)
		addrs = append(addrs, s.Listener.Addr().String())
	}
	done := false
	letGo = func() {
		if !done {
			done = true
			close(hold)
		}
	}
	t.Cleanup(letGo) // before the servers are closed, which wait
	return addrs, letGo
}

// standing is what the status says of a backend.
func standing(t *testing.T, p *proxytest.Sterling, name string) (inFlight int64, tunnels int, safe bool) {
	t.Helper()
	for _, pool := range p.Status().Pools {
		for _, b := range pool.Backends {
			if b.Name == name {
				return b.InFlight, b.Tunnels, b.SafeToStop
			}
		}
	}
	t.Fatalf("no backend %s", name)
	return 0, 0, false
}

// postSlowly sends a POST to /slow, and returns when it is at the backend. What it
// returns tells the answer.
func postSlowly(t *testing.T, p *proxytest.Sterling, own, cookie string) <-chan string {
	t.Helper()
	answered := make(chan string, 1)
	client, req := modes[0].client(p), request(t, "POST", p.URL(modes[0].listener)+"/slow", "order", "Cookie: "+cookie)
	go func() {
		a, err := try(client, req)
		if err != nil {
			answered <- err.Error()
			return
		}
		answered <- fmt.Sprint(a.StatusCode, " ", a.body)
	}()
	proxytest.Eventually(t, "the POST to be under way", func() bool {
		n, _, _ := standing(t, p, own)
		return n == 1
	})
	return answered
}

// The old process of an upgrade, and the one before that, finish what they have
// begun, and it counts.
func TestNothingIsSafeToStopWhileAnOldProcessUsesIt(t *testing.T) {
	t.Parallel()
	for name, upgrades := range map[string]int{"one upgrade": 1, "two upgrades": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addrs, letGo := slowCluster(t)
			p := proxytest.Start(t, proxytest.Options{Config: "[upgrade]\nidle_grace = \"50ms\"\n" + proxytest.Pool("app", addrs...)})
			cookie, own := enter(t, p, modes[0])
			answered := postSlowly(t, p, own, cookie)
			for range upgrades {
				p.Upgrade()
			}
			type outcome struct {
				out  string
				code int
			}
			waited := make(chan outcome, 1)
			go func() {
				out, code := order(t, p, "drain", "app/"+own, "--mode", "now", "--wait")
				waited <- outcome{out, code}
			}()
			p.Backend(own, "draining")
			if proxytest.Within(700*time.Millisecond, func() bool {
				_, _, safe := standing(t, p, own)
				return safe
			}) {
				t.Errorf("it was called safe to stop while %d uses it", p.PID)
			}
			if n, _, _ := standing(t, p, own); n != 1 {
				t.Errorf("%d in flight", n)
			}
			letGo()
			if got := <-answered; got != "200 "+own {
				t.Errorf("the POST was answered %q", got)
			}
			if w := <-waited; w.code != 0 || !strings.Contains(w.out, "0 in flight, 0 tunnels, safe to stop") {
				t.Errorf("drain --wait: %d\n%s", w.code, w.out)
			}
			if code := p.Exit(30 * time.Second); code != 0 {
				t.Errorf("the old process ended with %d", code)
			}
			proxytest.Eventually(t, "its end to be seen", func() bool { return len(p.Status().Old) == 0 })
			p.StopHeirs()
		})
	}
}

func TestOrdersHoldInOldProcessesToo(t *testing.T) {
	t.Parallel()
	ws := []*proxytest.Recorder{wsBackend(t), wsBackend(t)}
	p := proxytest.Start(t, proxytest.Options{
		Config: "[shutdown]\ntimeout = \"10m\"\n[upgrade]\nidle_grace = \"10m\"\n" + proxytest.Pool("app", ws[0].Addr, ws[1].Addr),
	})
	socket := openSocket(t, p)
	own, other := "b1", "b2"
	if n, _, _ := standing(t, p, own); n == 0 {
		own, other = other, own
	}
	visitor := proxytest.DialRaw(t, p.Addr("plain")) // stays with the old process
	visitor.Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if a, err := visitor.Answer("GET"); err != nil || a.Status != 200 {
		t.Fatalf("answer %v, %v", a, err)
	}
	p.Upgrade()
	p.Upgrade()
	proxytest.Eventually(t, "the tunnel to be counted", func() bool {
		_, tunnels, _ := standing(t, p, own)
		return tunnels == 1
	})
	if got := p.Status().Old; !slices.Contains(got, p.PID) {
		t.Errorf("old processes %v, want %d among them", got, p.PID)
	}
	if out, code := order(t, p, "disable", "app/"+own); code != 0 {
		t.Fatalf("disable: %d, %s", code, out)
	}
	wantGoingAway(t, socket)
	proxytest.Eventually(t, own+" to be safe to stop", func() bool {
		n, tunnels, safe := standing(t, p, own)
		return n == 0 && tunnels == 0 && safe
	})
	at := map[string]int{"b1": 0, "b2": 1}
	before := len(ws[at[own]].Requests())
	visitor.Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if a, err := visitor.Answer("GET"); err != nil || a.Status != 200 {
		t.Fatalf("answer %v, %v", a, err)
	}
	if got := len(ws[at[own]].Requests()); got != before {
		t.Errorf("the old process has sent a request to %s, which is disabled, and not to %s", own, other)
	}
	if out, code := order(t, p, "enable", "app/"+own); code != 0 {
		t.Errorf("enable: %d, %s", code, out)
	}
	p.Exit(30 * time.Second) // nothing is left in it
	p.StopHeirs()
}

// Whoever was told to stop has not failed.
func TestAnOldProcessOutlivesTheOrderlyEndOfItsHeirs(t *testing.T) {
	t.Parallel()
	addrs, letGo := slowCluster(t)
	p := proxytest.Start(t, proxytest.Options{Config: "[shutdown]\nidle_grace = \"50ms\"\n[upgrade]\nidle_grace = \"50ms\"\n" + proxytest.Pool("app", addrs...)})
	cookie, own := enter(t, p, modes[0])
	answered := postSlowly(t, p, own, cookie)
	p.Upgrade()
	heir := p.Upgrade()
	p.SignalHeir(syscall.SIGTERM)
	proxytest.Eventually(t, "the end of the heir", func() bool { return ended(heir) })
	letGo()
	if got := <-answered; got != "200 "+own {
		t.Errorf("the POST was answered %q", got)
	}
	if code := p.Exit(30 * time.Second); code != 0 {
		t.Errorf("the old process ended with %d", code)
	}
}

// Without a process that serves, what is left of an old one only keeps the
// service manager from starting another.
func TestAnOldProcessFailsWhenNobodyServesAnyMore(t *testing.T) {
	t.Parallel()
	for name, upgrades := range map[string]int{"its child": 1, "its child's child": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newServiceManager(t)
			ws := wsBackend(t)
			p := proxytest.Start(t, proxytest.Options{
				Config: "[shutdown]\ntimeout = \"10m\"\n" + proxytest.Pool("app", ws.Addr), Env: []string{"NOTIFY_SOCKET=" + m.path},
			})
			openSocket(t, p) // so that it stays
			for range upgrades {
				p.Upgrade()
			}
			p.SignalHeir(syscall.SIGKILL)
			if code := p.Exit(30 * time.Second); code != 1 {
				t.Errorf("the old process ended with %d", code)
			}
			m.wait(t, fmt.Sprintf("MAINPID=%d", p.PID), 1) // whose failure the service manager sees
		})
	}
}
