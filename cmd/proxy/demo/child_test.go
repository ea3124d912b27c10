package demo

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

const deadline = 30 * time.Second

// TestMain lets the test binary be a server.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "serve" {
		if err := Serve(os.Args[2], os.Args[3], os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func startHerd(t *testing.T) *herd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	h := newHerd(Options{Program: program, Args: []string{"serve"}, Err: os.Stderr}, "token")
	t.Cleanup(h.close)
	if err := h.startAll(); err != nil {
		t.Fatal(err)
	}
	return h
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("timeout: %s", what)
		}
	}
}

func answers(c *child) bool {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + c.address + "/healthz")
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil && resp.StatusCode == http.StatusNoContent
}

func TestServersAreStoppedFrozenThawedAndStarted(t *testing.T) {
	h := startHerd(t)
	c := h.children[1]
	do := func(action, want string) {
		t.Helper()
		if err := h.do(c.name, action); err != nil {
			t.Fatalf("%s: %v", action, err)
		}
		eventually(t, action+" does not make it "+want, func() bool { state, _ := c.process(); return state == want })
	}
	address := c.address
	if !answers(c) {
		t.Fatal("it does not answer")
	}
	do("freeze", frozen)
	do("thaw", running)
	eventually(t, "it does not answer when thawed", func() bool { return answers(c) })
	do("stop", stopped)
	if answers(c) {
		t.Error("it answers when stopped")
	}
	if err := h.do(c.name, "freeze"); err == nil {
		t.Error("froze what has no process")
	}
	do("stop", stopped)
	do("start", running)
	if c.address != address || !answers(c) {
		t.Errorf("started again at %s, was at %s", c.address, address)
	}
	do("start", running)
	if state, _ := h.children[0].process(); state != running {
		t.Errorf("its neighbour is %s", state)
	}
}

func TestWhatOthersDoToAServerIsNoticed(t *testing.T) {
	h := startHerd(t)
	c := h.children[0]
	_, pid := c.process()
	if runtime.GOOS == "linux" {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		eventually(t, "a freeze by somebody else is not noticed", func() bool { state, _ := c.process(); return state == frozen })
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "an end by somebody else is not noticed", func() bool { state, _ := c.process(); return state == stopped })
	if err := h.do(c.name, "start"); err != nil {
		t.Fatal(err)
	}
}

func TestNoServerOutlivesItsHerd(t *testing.T) {
	h := startHerd(t)
	var pids []int
	for _, c := range h.children {
		_, pid := c.process()
		pids = append(pids, pid)
	}
	if err := h.do(h.children[2].name, "freeze"); err != nil {
		t.Fatal(err)
	}
	for _, c := range h.children {
		c.end()
		if err := c.start(); err == nil {
			t.Error("started after its end")
		}
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("process %d: %v", pid, err)
		}
	}
}

func TestServerEndsWithItsInput(t *testing.T) {
	in, parent := io.Pipe()
	said, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- Serve("ada", "127.0.0.1:0", in, out) }()
	if _, err := io.WriteString(parent, "token\n"); err != nil {
		t.Fatal(err)
	}
	address := make([]byte, 64)
	n, err := said.Read(address)
	if err != nil || !strings.HasPrefix(string(address[:n]), "127.0.0.1:") {
		t.Fatalf("said %q, %v", address[:n], err)
	}
	if err := parent.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(deadline):
		t.Fatal("it goes on without its parent")
	}
}
