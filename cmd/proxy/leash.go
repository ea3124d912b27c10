package main

import (
	"io"
	"os"
	"syscall"
)

// leashFlag has a front door, and whoever takes over from it, end with the process
// that started it, however that ends: a rehearsal must leave nothing behind. All of
// them inherit a standard input that only that process could write to, and the end
// of which is its end.
const leashFlag = "end-with-stdin"

// leash ends this process when its standard input does. There is nothing that would
// be worth an orderly end. It watches for as long as the process lives.
func (e env) leash() {
	go func() {
		_, _ = io.Copy(io.Discard, e.stdin) // an error is an end, too
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}()
}
