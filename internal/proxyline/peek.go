package proxyline

import (
	"io"
	"net"
	"syscall"
)

// peek waits until it is clear what the connection begins with, and takes
// nothing.
func peek(c *net.TCPConn) (kind string, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return "", err
	}
	readErr := raw.Read(func(fd uintptr) bool {
		var whole bool
		kind, whole, err = look(fd)
		if err == nil && !whole && ended(fd) {
			// All that was sent is here by now, which it may not have been before.
			if kind, whole, err = look(fd); err == nil && !whole {
				err = io.ErrUnexpectedEOF
			}
		}
		return err != nil || whole
	})
	if readErr != nil {
		return "", readErr
	}
	return kind, err
}

// look says what the bytes that are there begin with, or may; whole is set when
// that is certain.
func look(fd uintptr) (kind string, whole bool, err error) {
	var b [len(binary2)]byte
	var n int
	for {
		n, _, err = syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK) //nolint:gosec // a descriptor
		if err != syscall.EINTR {
			break
		}
	}
	switch {
	case err == syscall.EAGAIN:
		return "", false, nil
	case err != nil:
		return "", false, err
	case n == 0:
		return "", false, io.ErrUnexpectedEOF
	}
	for _, k := range []string{text, binary2} {
		if m := min(n, len(k)); string(b[:m]) == k[:m] {
			return k, m == len(k), nil
		}
	}
	return "", false, ErrNone
}
