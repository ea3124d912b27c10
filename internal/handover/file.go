package handover

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// File returns a copy of a listener's socket, which the caller closes. Unlike
// the one that the listener's own File method returns, it can be passed on
// without making the socket a waiting one, which it would be for all who share
// it.
func File(l syscall.Conn, name string) (*os.File, error) {
	raw, err := l.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("copying a socket: %w", err)
	}
	var (
		fd     int
		failed error
	)
	err = raw.Control(func(socket uintptr) {
		fd, failed = unix.FcntlInt(socket, unix.F_DUPFD_CLOEXEC, 0)
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return nil, fmt.Errorf("copying a socket: %w", err)
	}
	return os.NewFile(uintptr(fd), name), nil //nolint:gosec // a descriptor
}
