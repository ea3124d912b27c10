package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestNothingIsLeftOfAClearedStage(t *testing.T) {
	var s stage
	dir := t.TempDir()
	// The child ignores what the leader listens to.
	p, err := s.start(program{argv: []string{"/bin/sh", "-c", "(trap '' TERM; echo up; while :; do sleep 1; done) & wait"}, dir: dir, stdout: filepath.Join(dir, "out")})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		if b, _ := os.ReadFile(filepath.Join(dir, "out")); len(b) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it did not come up")
		}
		time.Sleep(5 * time.Millisecond) // a poll
	}
	group := p.cmd.Process.Pid
	if n := members(t, group); n < 2 {
		t.Fatalf("%d processes before", n)
	}
	s.clear()
	for deadline := time.Now().Add(20 * time.Second); members(t, group) > 0; {
		if time.Now().After(deadline) {
			t.Fatalf("%d processes are left", members(t, group))
		}
		time.Sleep(5 * time.Millisecond) // a poll
	}
}

// members counts the living processes of a group.
func members(t *testing.T, group int) int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // it ended
		}
		line := string(b)
		fields := strings.Fields(line[strings.LastIndexByte(line, ')')+1:])
		if fields[2] == strconv.Itoa(group) && fields[0] != "Z" {
			n++
		}
	}
	return n
}

func TestAProcessRunsOnItsCoresOnly(t *testing.T) {
	cores, err := allowed()
	if err != nil {
		t.Fatal(err)
	}
	last := cores[len(cores)-1]
	var s stage
	defer s.clear()
	dir := t.TempDir()
	p, err := s.start(program{argv: []string{"/bin/sh", "-c", "grep Cpus_allowed_list /proc/self/status"}, dir: dir, cores: []int{last}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Fields(p.said()); len(got) != 2 || got[1] != strconv.Itoa(last) {
		t.Errorf("got %v, want core %d", got, last)
	}
	after, err := allowed()
	if err != nil || len(after) != len(cores) {
		t.Errorf("the bench itself has %v of %v", after, cores)
	}
}

func TestALoadThatFailsIsAFailure(t *testing.T) {
	var s stage
	defer s.clear()
	_, err := s.put(t.Context(), load{tool: "handshakes", url: "https://127.0.0.1:1/", connections: 1, time: time.Second, dir: t.TempDir()}, nil)
	if err == nil {
		t.Error("no error of a load without a server")
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	p, err := s.start(program{argv: []string{"/bin/sleep", "60"}, dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.wait(ctx); err == nil || err.Error() != "enough" {
		t.Errorf("got %v", err)
	}
}

func TestTheTimeOfTheOwnProcessIsFound(t *testing.T) {
	u, err := used(os.Getpid())
	if err != nil || u.resident < 1<<20 {
		t.Errorf("got %+v, %v", u, err)
	}
	if _, err := used(1 << 30); err == nil {
		t.Error("no error of a process that is not there")
	}
}
