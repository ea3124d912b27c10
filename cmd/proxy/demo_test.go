package main

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// tour is a demo that runs, and a visitor with a browser's memory.
type tour struct {
	world
	code    chan int
	visitor *http.Client
	page    string
	folder  string
}

type visited struct {
	Server string
	PID    int
	Visits int
}

func startTour(t *testing.T) *tour {
	t.Helper()
	tt := &tour{code: make(chan int, 1)}
	args := []string{"demo", "--https", "127.0.0.1:0", "--http", "127.0.0.1:0", "--admin", "127.0.0.1:0"}
	go func() { tt.code <- run(args, tt.env()) }()
	t.Cleanup(func() {
		if tt.code != nil {
			tt.end(t)
		}
	})
	eventually(t, "the demo does not start", func() bool { return strings.Contains(tt.stdout.String(), "Ctrl-C") })
	tt.page = tt.said(t, `page +(https://\S+)`)
	tt.folder = tt.said(t, `files +(\S+)`)
	tt.visitor = httpClient(t, tt.folder)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	tt.visitor.Jar = jar
	return tt
}

// said finds something in what the demo printed.
func (tt *tour) said(t *testing.T, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(tt.stdout.String())
	if m == nil {
		t.Fatalf("nothing like %s in:\n%s", pattern, tt.stdout.String())
	}
	return m[1]
}

func (tt *tour) end(t *testing.T) int {
	t.Helper()
	tt.send(os.Interrupt)
	select {
	case code := <-tt.code:
		tt.code = nil
		return code
	case <-time.After(deadline):
		t.Fatal("the demo did not end")
		return 0
	}
}

func (tt *tour) get(t *testing.T, path string) string {
	t.Helper()
	resp, err := tt.visitor.Get(tt.page + path)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET /%s: %s %s %v", path, resp.Status, body, err)
	}
	return string(body)
}

func (tt *tour) visit(t *testing.T) visited {
	t.Helper()
	var v visited
	if err := json.Unmarshal([]byte(tt.get(t, "visit")), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// press sends what a button of the page sends.
func (tt *tour) press(t *testing.T, server, action, token string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, tt.page+"demo/servers/"+server+"/"+action, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Demo-Token", token)
	req.Header.Set("Origin", strings.TrimSuffix(tt.page, "/"))
	resp, err := tt.visitor.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

func TestDemoKeepsAVisitorAndMovesThemWhenTheirServerIsStopped(t *testing.T) {
	tt := startTour(t)
	token := regexp.MustCompile(`data-token="(\w+)"`).FindStringSubmatch(tt.get(t, ""))
	if token == nil {
		t.Fatal("the page has no token")
	}
	first := tt.visit(t)
	for n := first.Visits + 1; n < first.Visits+4; n++ {
		if v := tt.visit(t); v.Server != first.Server || v.Visits != n {
			t.Fatalf("visit %d went to %+v, not to %s", n, v, first.Server)
		}
	}
	if code := tt.press(t, first.Server, "stop", "wrong"); code != http.StatusForbidden {
		t.Errorf("stop with a wrong token: %d", code)
	}
	if gone(first.PID) {
		t.Fatal("a wrong token stopped a server")
	}
	if code := tt.press(t, first.Server, "stop", token[1]); code != http.StatusOK {
		t.Fatalf("stop: %d", code)
	}
	if !gone(first.PID) {
		t.Fatal("stop left the process running")
	}
	second := tt.visit(t)
	if second.Server == first.Server || second.Visits != 1 {
		t.Errorf("after the stop of %s: %+v", first.Server, second)
	}
	if code := tt.press(t, first.Server, "start", token[1]); code != http.StatusOK {
		t.Fatalf("start: %d", code)
	}
	if v := tt.visit(t); v.Server != second.Server || v.Visits != 2 {
		t.Errorf("after the start of %s: %+v, want to stay with %s", first.Server, v, second.Server)
	}
}

func TestDemoShowsWhatTheFrontDoorMakesOfItsServers(t *testing.T) {
	tt := startTour(t)
	tt.visit(t)
	type server struct {
		Name, Process, State string
		PID                  int
	}
	look := func() (byName map[string]server) {
		var s struct{ Servers []server }
		if err := json.Unmarshal([]byte(tt.get(t, "demo/state")), &s); err != nil {
			t.Fatal(err)
		}
		byName = map[string]server{}
		for _, line := range s.Servers {
			byName[line.Name] = line
		}
		return byName
	}
	eventually(t, "not all servers are up", func() bool {
		up := 0
		for _, s := range look() {
			if s.State == "up" && s.Process == "running" {
				up++
			}
		}
		return up == 3
	})
	// From the terminal, as it says, and not by the page.
	if err := syscall.Kill(look()["ada"].PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of a server shows", func() bool {
		s := look()["ada"]
		return s.State == "down" && s.Process == "stopped" && s.PID == 0
	})
}

func TestDemoLeavesNothingBehind(t *testing.T) {
	tt := startTour(t)
	var pids []int
	for _, m := range regexp.MustCompile(`kill -9 (\d+)`).FindAllStringSubmatch(tt.stdout.String(), -1) {
		var pid int
		if err := json.Unmarshal([]byte(m[1]), &pid); err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	if len(pids) != 3 {
		t.Fatalf("the demo names %d servers", len(pids))
	}
	// A frozen one must not survive either.
	if err := syscall.Kill(pids[1], syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if code := tt.end(t); code != exitGood {
		t.Errorf("exit %d, stderr %s", code, tt.stderr.String())
	}
	for _, pid := range pids {
		if !gone(pid) {
			t.Errorf("process %d is still there", pid)
		}
	}
	if _, err := os.Stat(tt.folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func TestDemoNamesAPortThatIsTakenAndItsFlag(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"--https", "--http", "--admin"} {
		addresses := map[string]string{"--https": "127.0.0.1:0", "--http": "127.0.0.1:0", "--admin": "127.0.0.1:0"}
		addresses[flag] = ln.Addr().String()
		args := []string{"demo"}
		for f, a := range addresses {
			args = append(args, f, a)
		}
		code, _, stderr := call(args...)
		if code != exitFailed || !strings.Contains(stderr, "port "+port+" is taken; choose another with "+flag+" 127.0.0.1:") {
			t.Errorf("%s taken: exit %d, stderr %q", flag, code, stderr)
		}
	}
	if code, _, stderr := call("demo", "--https", "0.0.0.0:0"); code != exitFailed || !strings.Contains(stderr, "loopback") {
		t.Errorf("not loopback: exit %d, stderr %q", code, stderr)
	}
}
