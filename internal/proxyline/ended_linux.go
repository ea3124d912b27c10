package proxyline

import "golang.org/x/sys/unix"

// ended reports whether the peer sends no more. What it has sent may still be
// there: a look, which takes nothing, never comes to the end.
func ended(fd uintptr) bool {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}} //nolint:gosec // a descriptor
	n, err := unix.Poll(p, 0)
	return err == nil && n == 1 && p[0].Revents != 0
}
