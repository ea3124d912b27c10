//go:build !linux

package proxytest

import "syscall"

// noOrphan does nothing here: a process that we start may outlive a test that
// was killed.
func noOrphan() *syscall.SysProcAttr { return nil }
