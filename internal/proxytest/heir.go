package proxytest

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var handedOver = regexp.MustCompile(`"heir":([0-9]+),.*"message":"handed over`)

// Upgrade sends SIGUSR2 to the process that serves and waits until another one
// has taken over, which it returns the process id of. From then on the admin
// side is that one's, and Heir, SignalHeir and StopHeirs are for it; the rest of
// s stays with the first process.
func (s *Sterling) Upgrade() int {
	s.t.Helper()
	from := s.Heir()
	done := len(handedOver.FindAllString(s.Log(), -1))
	s.signal(from, syscall.SIGUSR2)
	var pid int
	if !Within(patience, func() bool {
		found := handedOver.FindAllStringSubmatch(s.Log(), -1)
		if len(found) == done {
			return false
		}
		pid, _ = strconv.Atoi(found[len(found)-1][1]) // the pattern has digits alone
		return true
	}) {
		s.t.Fatalf("no process has taken over from %d:\n%s", from, tail(s.Log(), 6000))
	}
	s.heirs = append(s.heirs, pid)
	s.WaitReady()
	return pid
}

// Heir is the process that took over last; the first one if none has.
func (s *Sterling) Heir() int {
	if len(s.heirs) == 0 {
		return s.PID
	}
	return s.heirs[len(s.heirs)-1]
}

// SignalHeir sends a signal to the process that took over last.
func (s *Sterling) SignalHeir(sig syscall.Signal) {
	s.t.Helper()
	s.signal(s.Heir(), sig)
}

func (s *Sterling) signal(pid int, sig syscall.Signal) {
	s.t.Helper()
	if err := syscall.Kill(pid, sig); err != nil {
		s.t.Fatalf("sending %v to %d: %v", sig, pid, err)
	}
}

// StopHeirs sends SIGTERM to the process that took over last, and waits until
// it and those before it are gone.
func (s *Sterling) StopHeirs() {
	s.t.Helper()
	s.SignalHeir(syscall.SIGTERM)
	if !Within(40*time.Second, func() bool { return !s.anyAlive() }) {
		s.t.Errorf("processes %v have not ended", s.heirs)
	}
}

// over reports whether the process that serves, or should, has ended.
func (s *Sterling) over() bool {
	if len(s.heirs) == 0 {
		return s.Gone()
	}
	return !alive(s.Heir())
}

func (s *Sterling) anyAlive() bool {
	for _, pid := range s.heirs {
		if alive(pid) {
			return true
		}
	}
	return !s.Gone()
}

// alive reports whether a process that is not our child runs. One that waits
// for its parent to take note of its end does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return !os.IsNotExist(err)
	}
	_, state, ok := strings.Cut(string(stat), ") ")
	return !ok || state[0] != 'Z'
}

// killHeirs ends what is left at the end of a test.
func (s *Sterling) killHeirs() {
	for _, found := range handedOver.FindAllStringSubmatch(s.Log(), -1) {
		pid, _ := strconv.Atoi(found[1]) // the pattern has digits alone
		if alive(pid) {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may be gone
		}
	}
}
