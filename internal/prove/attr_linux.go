package prove

import "syscall"

// childAttr keeps Ctrl-C at the terminal from a child, which its parent ends,
// and makes the kernel kill it if the parent cannot.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
