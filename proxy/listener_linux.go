package proxy

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// onlyKnown is a socket filter (of TCP segments, from their header on) that
// drops a SYN without an ACK, and lets all else through.
var onlyKnown = [...]unix.SockFilter{
	{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 13}, // the flags
	{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: 0x12},
	{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: 0x02, Jf: 1},
	{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff},
}

// refuseNew makes the kernel drop every packet that asks l for a connection,
// and reports whether it does. Handshakes that have begun end well; clients
// that knock meanwhile ask again after a second and find the port closed, or
// another process behind it.
func refuseNew(l *net.TCPListener) bool {
	raw, err := l.SyscallConn()
	if err != nil {
		return false
	}
	filter := onlyKnown
	var set error
	err = raw.Control(func(fd uintptr) {
		set = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
			&unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})
	})
	return err == nil && set == nil
}

// How the kernel finds out that a silent client is gone: as Go does by default.
const (
	keepAliveIdle  = 15 // seconds, as the interval
	keepAliveCount = 9
)

// keepAliveByListener sets TCP keep-alive on the listening socket, from which
// accepted ones have it. Otherwise four system calls would do so for each.
func keepAliveByListener(c *net.ListenConfig) {
	c.KeepAlive = -1
	c.Control = func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) {
			set := func(level, name, value int) {
				failed = errors.Join(failed, unix.SetsockoptInt(int(fd), level, name, value))
			}
			set(unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
			set(unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, keepAliveIdle)
			set(unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, keepAliveIdle)
			set(unix.IPPROTO_TCP, unix.TCP_KEEPCNT, keepAliveCount)
		})
		return errors.Join(err, failed)
	}
}
