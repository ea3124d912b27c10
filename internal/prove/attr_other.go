//go:build !linux

package prove

import "syscall"

// childAttr keeps Ctrl-C at the terminal from a child, which its parent ends.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
