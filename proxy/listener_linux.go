package proxy

import (
	"net"

	"golang.org/x/sys/unix"
)

// refuseNew makes the kernel drop every packet that would open a connection to
// l, by a socket filter that lets nothing through, and reports whether it
// does. Connections that it has already accepted are not touched; clients that
// knock meanwhile ask again after a second and find the port closed, or
// another process behind it.
func refuseNew(l *net.TCPListener) bool {
	raw, err := l.SyscallConn()
	if err != nil {
		return false
	}
	nothing := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0}
	var set error
	err = raw.Control(func(fd uintptr) {
		set = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
			&unix.SockFprog{Len: 1, Filter: &nothing})
	})
	return err == nil && set == nil
}
