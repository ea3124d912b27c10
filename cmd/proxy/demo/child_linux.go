package demo

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// childAttr keeps Ctrl-C at the terminal from the child, which its parent
// ends, and makes the kernel kill it if the parent cannot.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// halted reports whether a process is stopped by a signal, whoever sent it.
// See proc(5), /proc/pid/stat: the state follows the name in parentheses.
func halted(pid int) (yes, known bool) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false, false
	}
	_, after, ok := bytes.Cut(stat[max(bytes.LastIndexByte(stat, ')'), 0):], []byte(") "))
	return ok && len(after) > 0 && after[0] == 'T', ok
}
