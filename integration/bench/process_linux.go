package main

import (
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// start starts cmd on the given cores, all of them if there are none, as the
// leader of a process group of its own, which the kernel kills when the bench
// itself is killed.
func start(cmd *exec.Cmd, cores []int) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if len(cores) == 0 {
		return cmd.Start()
	}
	// A child inherits the cores of the thread that forks it, and so never
	// runs a thread anywhere else.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var old, want unix.CPUSet
	if err := unix.SchedGetaffinity(0, &old); err != nil {
		return err
	}
	for _, c := range cores {
		want.Set(c)
	}
	if err := unix.SchedSetaffinity(0, &want); err != nil {
		return err
	}
	err := cmd.Start()
	if back := unix.SchedSetaffinity(0, &old); err == nil {
		err = back
	}
	return err
}

// kill ends the group that pid leads.
func kill(pid int, gently bool) {
	sig := syscall.SIGKILL
	if gently {
		sig = syscall.SIGTERM
	}
	_ = syscall.Kill(-pid, sig) // it may have ended by itself
}

// signalProfile asks a program built with the profile overlay to begin or to
// end its profile.
func signalProfile(pid int) error { return syscall.Kill(pid, syscall.SIGWINCH) }

// nap sleeps more exactly than time.Sleep, which counts in milliseconds
// while the program also waits for the network.
func nap(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&t, nil) // a signal may end it early
}

// descriptors is how many files each process may open.
const descriptors = 20000

// raiseDescriptors lets this process and those that it starts open as many
// files as the memory cases need, if the system allows that.
func raiseDescriptors() error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return err
	}
	l.Cur = min(l.Max, descriptors)
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l)
}

// allowed returns the cores that this process may use.
func allowed() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, err
	}
	var cores []int
	for c := range len(set) * 64 {
		if set.IsSet(c) {
			cores = append(cores, c)
		}
	}
	return cores, nil
}
