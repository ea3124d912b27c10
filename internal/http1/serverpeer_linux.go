package http1

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// peerState reports whether the other side has sent FIN, and whether the
// connection is gone: reset by it, or closed here.
func peerState(raw syscall.RawConn) (fin, gone bool) {
	if raw == nil {
		return false, false
	}
	err := raw.Control(func(fd uintptr) {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}} //nolint:gosec // a descriptor
		if n, err := unix.Poll(p, 0); n == 1 && err == nil {
			gone = p[0].Revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) != 0
			fin = p[0].Revents&unix.POLLRDHUP != 0
		}
	})
	return fin, gone || err != nil
}

// unread reports whether bytes wait in the socket that nobody has read.
func unread(raw syscall.RawConn) bool {
	if raw == nil {
		return false
	}
	some := false
	err := raw.Control(func(fd uintptr) {
		n, err := unix.IoctlGetInt(int(fd), unix.TIOCINQ) //nolint:gosec // a descriptor
		some = err == nil && n > 0
	})
	return err == nil && some
}
