package main

import (
	"strings"
	"syscall"
	"testing"
)

func TestWhatForbidsAnUpgrade(t *testing.T) {
	can := env{program: "sterling", pid: 4711}
	for _, tt := range []struct {
		life   life
		reload bool // is allowed
		why    string
	}{
		{life{process: &process{env: can}}, true, ""},
		{life{process: &process{env: env{program: "sterling", pid: 1}}}, true, "replace the container"},
		{life{process: &process{env: env{pid: 4711}}}, true, `not started by "run"`},
		{life{process: &process{env: can}, upgrade: &upgrade{}}, true, "an upgrade is running"},
		{life{process: &process{env: can}, drained: make(chan error)}, false, "is stopping"},
		{life{process: &process{env: can}, drained: make(chan error), heir: 4712}, false, "process 4712 has taken over"},
	} {
		why := tt.life.unable(syscall.SIGUSR2)
		if !strings.Contains(why, tt.why) || (why == "") != (tt.why == "") {
			t.Errorf("upgrade: %q, want %q", why, tt.why)
		}
		if why := tt.life.unable(syscall.SIGHUP); (why == "") != tt.reload {
			t.Errorf("reload: %q", why)
		}
	}
}

func TestTheDemoHandsNothingOver(t *testing.T) {
	s := newSite(t)
	client := s.run(t) // as a process that does not know its program
	s.send(syscall.SIGUSR2)
	s.waitLog(t, `"message":"refused"`)
	if got := s.get(t, client); got != "first" {
		t.Errorf("answer %q", got)
	}
}
