package main

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestTheMemoryOfAProcessThatServesIsNotDumped(t *testing.T) {
	t.Cleanup(func() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0) })
	s := newSite(t)
	s.run(t)
	if got, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); got != 0 || err != nil {
		t.Errorf("dumpable: %d, %v", got, err)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil || limit.Max != 0 {
		t.Errorf("the limit of core files: %+v, %v", limit, err)
	}
	if code := s.end(t, os.Interrupt); code != exitGood {
		t.Errorf("exit %d", code)
	}
}
