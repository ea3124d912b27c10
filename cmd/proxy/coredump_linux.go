package main

import "golang.org/x/sys/unix"

// noDumpOfMemory keeps this process's memory from a program that takes core files
// through a pipe (core(5)), for which the limit does not hold, and from processes
// of the same user (prctl(2), PR_SET_DUMPABLE). A program that is started by this
// one begins anew, and has to say so itself.
func noDumpOfMemory() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
