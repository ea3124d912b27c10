package integration

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// knock opens connections, one request each, until one is refused. lost holds
// what became of those that were accepted and not answered.
func knock(addr string, answered *atomic.Int64, lost chan<- string) {
	for {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ECONNRESET) {
				lost <- err.Error()
			}
			return
		}
		_ = c.SetDeadline(time.Now().Add(30 * time.Second))
		_, err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
		answer, rerr := io.ReadAll(c)
		_ = c.Close()
		if err != nil || rerr != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200 ") || !strings.HasSuffix(string(answer), "ok") {
			lost <- fmt.Sprintf("sent: %v, read %q: %v", err, answer, rerr)
			return
		}
		answered.Add(1)
	}
}

func TestStoppingLosesNoRequestOfAnAcceptedConnection(t *testing.T) {
	rounds := 3
	if *long {
		rounds = 30
	}
	rec := proxytest.NewRecorder(t, nil)
	for range rounds {
		p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", rec.Addr)})
		addr := p.Addr("plain")
		var answered atomic.Int64
		lost := make(chan string, 100)
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() { knock(addr, &answered, lost) })
		}
		proxytest.Eventually(t, "some load", func() bool { return answered.Load() > 100 })
		p.Stop()
		wg.Wait()
		close(lost)
		for l := range lost {
			t.Errorf("lost: %s", l)
		}
		p.WaitLines(int(answered.Load()), nil)
	}
}

func TestStoppingFinishesWhatHasBegun(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	begun := make(chan struct{}, 10)
	p := behind(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			begun <- struct{}{}
			<-gate
		}
		_, _ = io.WriteString(w, "whole")
	}, "")
	results := make(chan string, 3)
	for _, m := range modes {
		go func() {
			a, err := try(m.client(p), request(t, "POST", p.URL(m.listener)+"/slow", "x"))
			results <- fmt.Sprint(a.body, err)
		}()
	}
	for range modes {
		<-begun
	}
	idle := proxytest.DialRaw(t, p.Addr("plain"))
	idle.Send(get + "\r\n")
	if a, err := idle.Answer("GET"); err != nil || a.Status != 200 {
		t.Fatalf("%v %v", a, err)
	}
	addr := p.Addr("plain")
	p.Signal(syscall.SIGTERM)
	proxytest.Eventually(t, "the door to be closed", func() bool {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return true
		}
		_ = c.Close()
		return false
	})
	if code, _ := p.Admin("GET", "/readyz"); code == 200 {
		t.Error("still ready while stopping")
	}
	// One request more on the connection that was idle: answered, and the last.
	idle.Send(get + "\r\n")
	a, err := idle.Answer("GET")
	if err != nil || a.Status != 200 || !a.Close {
		t.Errorf("on an idle connection: %v, %v, header %v", a, err, a.Header)
	}
	close(gate)
	for range modes {
		if r := <-results; r != "whole<nil>" {
			t.Errorf("a request that had begun: %s", r)
		}
	}
	if code := p.Exit(30 * time.Second); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if n := len(p.Lines()); n != len(modes)+2 {
		t.Errorf("%d lines, want %d", n, len(modes)+2)
	}
}

func TestStoppingTellsSocketsAndCutsWhatNeverEnds(t *testing.T) {
	t.Parallel()
	hang := proxytest.NewRecorder(t, func(r *proxytest.Recorded) proxytest.Reply {
		if strings.EqualFold(r.Get("Upgrade"), "websocket") {
			return proxytest.Reply{Raw: switching, Do: echo}
		}
		return proxytest.Reply{Raw: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"}
	})
	p := proxytest.Start(t, proxytest.Options{Config: "[shutdown]\ntimeout = \"1s\"\nidle_grace = \"200ms\"\n" + proxytest.Pool("app", hang.Addr)})
	socket := openSocket(t, p)
	raw := proxytest.DialRaw(t, p.Addr("plain"))
	raw.Send(get + "\r\n")
	proxytest.Eventually(t, "both to be at the backend", func() bool { return len(hang.Requests()) == 2 })
	p.Signal(syscall.SIGTERM)
	wantGoingAway(t, socket)
	if a, err := raw.Answer("GET"); err == nil && a.Err == nil {
		t.Errorf("an answer without an end came to look complete: %v", a)
	}
	if code := p.Exit(15 * time.Second); code != 0 {
		t.Errorf("exit code %d", code)
	}
	lines := p.Lines()
	if len(lines) != 2 {
		t.Fatalf("lines %+v", lines)
	}
	for _, l := range lines {
		if l.End == "ok" && l.Status == 200 || l.End == "" {
			t.Errorf("line %+v", l)
		}
	}
}

func TestASecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, func(*proxytest.Recorded) proxytest.Reply {
		return proxytest.Reply{Raw: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"}
	})
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", rec.Addr)})
	raw := proxytest.DialRaw(t, p.Addr("plain"))
	raw.Send(get + "\r\n")
	proxytest.Eventually(t, "a request to hang", func() bool { return len(rec.Requests()) == 1 })
	p.Signal(syscall.SIGTERM)
	proxytest.Eventually(t, "the stop to have begun", func() bool { return strings.Contains(p.Log(), "stopping") })
	time.Sleep(1100 * time.Millisecond) // signals of the same second are one wish
	start := time.Now()
	p.Signal(syscall.SIGINT)
	p.Exit(15 * time.Second)
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("took %v", d)
	}
}
