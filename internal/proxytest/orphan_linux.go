package proxytest

import "syscall"

// noOrphan lets a process that we start end with us, however we end.
func noOrphan() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
