package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// installed puts the program into a folder of its own, where it can be replaced.
func installed(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "sterling")
	program, err := os.ReadFile(proxytest.Program(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, program, 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	return path
}

// replaceBy puts a script in the program's place, as a package manager does it:
// by rename. In the script, $REAL is the program.
func replaceBy(t *testing.T, path, script string) {
	t.Helper()
	text := "#!/bin/sh\nREAL=" + proxytest.Program(t) + "\n" + script + "\n"
	if err := os.WriteFile(path+".new", []byte(text), 0o700); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestAReplacedBinaryTakesOver(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1", "b2", "b3")
	program := installed(t)
	p := proxytest.Start(t, proxytest.Options{
		Program: program,
		Config:  "[shutdown]\nidle_grace = \"200ms\"\n[upgrade]\nidle_grace = \"200ms\"\n" + proxytest.Pool("app", c.addrs...),
	})
	front, plain := p.Addr("front"), p.Addr("plain")
	m := modes[0]
	cookie, backend := enter(t, p, m)
	replaceBy(t, program, `echo "as replaced" > `+filepath.Join(p.Dir, "mark")+"\nexec $REAL \"$@\"")
	pid := p.Upgrade()
	if code := p.Exit(30 * time.Second); code != 0 {
		t.Errorf("the old process ended with %d", code)
	}
	if mark, err := os.ReadFile(filepath.Join(p.Dir, "mark")); err != nil || string(mark) != "as replaced\n" {
		t.Errorf("the file in the program's place was not run: %v", err)
	}
	st := p.Status()
	if st.PID != pid || pid == p.PID || p.Addr("front") != front || p.Addr("plain") != plain {
		t.Errorf("status of %d, want %d (not %d); addresses %s, %s, want %s, %s",
			st.PID, pid, p.PID, p.Addr("front"), p.Addr("plain"), front, plain)
	}
	a := do(t, m.client(p), request(t, "GET", p.URL(m.listener)+"/", "", "Cookie: "+cookie))
	if a.StatusCode != 200 || a.Header.Get("X-Backend") != backend || len(a.Header.Values("Set-Cookie")) != 0 {
		t.Errorf("a visitor of before: %d by %s, want %s; Set-Cookie %q",
			a.StatusCode, a.Header.Get("X-Backend"), backend, a.Header.Values("Set-Cookie"))
	}
	socket := filepath.Join(p.Dir, "admin.sock")
	if s, err := os.Stat(socket); err != nil || s.Mode().Perm() != 0o600 {
		t.Errorf("the admin socket: %v, %v", s, err)
	}
	p.WaitLines(2, nil)
	p.StopHeirs()
	if _, err := os.Stat(socket); err == nil {
		t.Error("the admin socket is left behind")
	}
	if log := p.Log(); strings.Contains(log, `"level":"error"`) {
		t.Errorf("errors were logged:\n%s", log)
	}
}

func TestANewBinaryThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1")
	config := "[shutdown]\nidle_grace = \"50ms\"\n[upgrade]\nidle_grace = \"50ms\"\n" + proxytest.Pool("app", c.addrs...)
	program := installed(t)
	p := proxytest.Start(t, proxytest.Options{Program: program, Config: config})
	works := func(what string) {
		t.Helper()
		if a := do(t, p.Client(true), request(t, "GET", p.URL("front")+"/", "")); a.StatusCode != 200 || p.Status().PID != p.PID {
			t.Errorf("%s: %d, by process %d", what, a.StatusCode, p.Status().PID)
		}
	}
	for _, tt := range []struct{ what, script, config, why string }{
		{"one that fails", "echo boom >&2; exit 3", config, `"said":["boom"],"error":"exit status 3"`},
		{"one that ends well", "exit 0", config, "it ended before it served"},
		{"another program", "exec cat /dev/null", config, "it ended before it served"},
		{"no program", "", config, "upgrade failed"},
		{"a bad file", "exec $REAL \"$@\"", config + "[[route", "sterling.toml:"},
		{"a taken address", "exec $REAL \"$@\"", strings.Replace(config, "[shutdown]", fmt.Sprintf("[[listener]]\nname = \"taken\"\naddress = %q\nprotocol = \"http\"\n[shutdown]", c.addrs[0]), 1), "is taken"},
	} {
		before := strings.Count(p.Log(), "upgrade failed")
		p.Write(tt.config)
		replaceBy(t, program, tt.script)
		if tt.script == "" {
			if err := os.Remove(program); err != nil {
				t.Fatal(err)
			}
		}
		p.Signal(syscall.SIGUSR2)
		proxytest.Eventually(t, tt.what+" to be given up", func() bool { return strings.Count(p.Log(), "upgrade failed") > before })
		log := p.Log()
		if line := log[strings.LastIndex(log, `"message":"upgrade failed`)-1000:]; !strings.Contains(line, tt.why) {
			t.Errorf("%s: the log does not say %s:\n%s", tt.what, tt.why, line)
		}
		works(tt.what)
		p.Write(config)
		p.Reload()
	}
	replaceBy(t, program, "exec $REAL \"$@\"")
	p.Upgrade()
	if code := p.Exit(30 * time.Second); code != 0 {
		t.Errorf("the old process ended with %d", code)
	}
	p.StopHeirs()
}

func TestANewProcessThatDoesNotComeIsKilledInTime(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1")
	program := installed(t)
	p := proxytest.Start(t, proxytest.Options{Program: program, Config: "[upgrade]\ntimeout = \"300ms\"\n" + proxytest.Pool("app", c.addrs...)})
	pidFile := filepath.Join(p.Dir, "pid")
	replaceBy(t, program, "echo $$ > "+pidFile+"\nexec sleep 1000")
	p.Signal(syscall.SIGUSR2)
	proxytest.Eventually(t, "it to be given up", func() bool { return strings.Contains(p.Log(), "upgrade failed") })
	if !strings.Contains(p.Log(), "did not come to serve in time (300ms)") {
		t.Errorf("log:\n%s", p.Log())
	}
	if pid := waitPID(t, pidFile); syscall.Kill(pid, 0) == nil {
		t.Error("the new process lives on")
	}
	for range 3 {
		if a := do(t, p.Client(true), request(t, "GET", p.URL("front")+"/", "")); a.StatusCode != 200 {
			t.Errorf("status %d", a.StatusCode)
		}
	}
	p.Stop()
}

func waitPID(t *testing.T, file string) int {
	t.Helper()
	var pid int
	proxytest.Eventually(t, "a process to begin", func() bool {
		text, err := os.ReadFile(file)
		if err != nil || !strings.HasSuffix(string(text), "\n") {
			return false
		}
		pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
		return err == nil
	})
	return pid
}

func TestWhileAnUpgradeRunsNothingElseBegins(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1")
	program := installed(t)
	p := proxytest.Start(t, proxytest.Options{Program: program, Config: "[shutdown]\nidle_grace = \"50ms\"\n[upgrade]\nidle_grace = \"50ms\"\ntimeout = \"10m\"\n" + proxytest.Pool("app", c.addrs...)})
	pidFile := filepath.Join(p.Dir, "pid")
	replaceBy(t, program, "echo $$ > "+pidFile+"\nexec sleep 1000")
	p.Signal(syscall.SIGUSR2)
	pid := waitPID(t, pidFile)
	if code, body := p.Admin("POST", "/api/v1/reload"); code != 409 || !strings.Contains(body, "an upgrade is running") {
		t.Errorf("a reload: %d %s", code, body)
	}
	p.Signal(syscall.SIGUSR2)
	proxytest.Eventually(t, "another upgrade to be refused", func() bool {
		return strings.Contains(p.Log(), `"reason":"an upgrade is running"`)
	})
	if a := do(t, p.Client(true), request(t, "GET", p.URL("front")+"/", "")); a.StatusCode != 200 {
		t.Errorf("status %d", a.StatusCode)
	}
	p.Stop() // and no new process is left
	if syscall.Kill(pid, 0) == nil {
		t.Error("the new process lives on")
	}
}

// textFrame is a masked text frame.
const textFrame = "\x81\x82\x01\x02\x03\x04ik"

func TestWebsocketsOutlastAnUpgradeUntilTheDeadline(t *testing.T) {
	t.Parallel()
	ws := wsBackend(t)
	p := proxytest.Start(t, proxytest.Options{
		Config: "[shutdown]\ntimeout = \"2s\"\n[upgrade]\nidle_grace = \"50ms\"\n" + proxytest.Pool("app", ws.Addr),
	})
	sockets := make([]*proxytest.Raw, 10)
	for i := range sockets {
		sockets[i] = openSocket(t, p)
	}
	begun := time.Now()
	p.Upgrade()
	for _, s := range sockets {
		s.Send(textFrame)
		expect(t, s, textFrame)
	}
	if strings.Contains(p.Log(), "told to go") {
		t.Errorf("they were told to go %v after the signal", time.Since(begun))
	}
	for _, s := range sockets {
		wantGoingAway(t, s)
	}
	if d := time.Since(begun); d < 2*time.Second {
		t.Errorf("told to go after %v, before the deadline", d)
	}
	if code := p.Exit(30 * time.Second); code != 0 {
		t.Errorf("the old process ended with %d", code)
	}
	if !strings.Contains(p.Log(), `"connections":10,`) {
		t.Errorf("they were not counted:\n%s", p.Log())
	}
	for _, l := range p.WaitLines(10, nil) {
		if l.Status != 101 || l.End != "going_away" {
			t.Errorf("line %+v", l)
		}
	}
	p.StopHeirs()
}

func TestASignalEndsWhatAnUpgradeHasLeft(t *testing.T) {
	t.Parallel()
	ws := wsBackend(t)
	p := proxytest.Start(t, proxytest.Options{Config: "[shutdown]\nidle_grace = \"50ms\"\n[upgrade]\nidle_grace = \"50ms\"\n" + proxytest.Pool("app", ws.Addr)})
	socket := openSocket(t, p)
	pid := p.Upgrade()
	p.Signal(syscall.SIGHUP)
	proxytest.Eventually(t, "a reload of the old process to be refused", func() bool {
		return strings.Contains(p.Log(), fmt.Sprintf("process %d has taken over", pid))
	})
	p.Signal(syscall.SIGTERM)
	wantGoingAway(t, socket)
	if code := p.Exit(15 * time.Second); code != 0 {
		t.Errorf("the old process ended with %d", code)
	}
	if a := do(t, p.Client(true), request(t, "GET", p.URL("front")+"/", "")); a.StatusCode != 200 {
		t.Errorf("status %d", a.StatusCode)
	}
	p.StopHeirs()
}

func TestAnUpgradeAppliesWhatNeedsARestart(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1")
	config := "[shutdown]\nidle_grace = \"50ms\"\n[upgrade]\nidle_grace = \"50ms\"\n" + proxytest.Pool("app", c.addrs...)
	p := proxytest.Start(t, proxytest.Options{Config: config})
	plain, extra := p.Addr("plain"), proxytest.FreeAddr(t)
	file, err := os.ReadFile(p.File)
	if err != nil {
		t.Fatal(err)
	}
	// A listener by another name, one that is gone, one that is new.
	changed := strings.NewReplacer(`"front"`, `"secure"`, `"plain"`, `"removed"`).Replace(string(file))
	writeFile(t, p.File, changed+fmt.Sprintf("\n[[listener]]\nname = \"extra\"\naddress = %q\nprotocol = \"http\"\n", extra))
	p.Upgrade()
	p.Exit(30 * time.Second)
	if got := p.Addr("extra"); got != extra {
		t.Errorf("the new listener is at %s", got)
	}
	if got := p.Addr("removed"); got == "" || got == plain && p.Addr("secure") == plain {
		t.Errorf("listeners at %s and %s", got, p.Addr("secure"))
	}
	if a := do(t, p.Client(false), request(t, "GET", "http://"+extra+"/", "")); a.StatusCode != 200 {
		t.Errorf("status %d", a.StatusCode)
	}
	p.StopHeirs()
}
