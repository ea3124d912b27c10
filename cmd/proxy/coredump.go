package main

import (
	"errors"
	"syscall"
)

// noCoreDumps keeps private keys, and what passes through, out of core files, of
// this process and of those it starts. Lowering a limit is always allowed.
func noCoreDumps() error {
	return errors.Join(syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}), noDumpOfMemory())
}
