//go:build !linux

package demo

import "syscall"

// childAttr keeps Ctrl-C at the terminal from the child, which its parent ends.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// halted does not know; the demo remembers what it did itself.
func halted(int) (yes, known bool) { return false, false }
