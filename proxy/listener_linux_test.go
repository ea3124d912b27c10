package proxy

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestAcceptedConnectionsAreProbedWhenTheyAreSilent(t *testing.T) {
	l := bound(t, newConnectionLimits(100, 0))
	dial(t, l)
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	raw, err := c.(*conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = raw.Control(func(fd uintptr) {
		on, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_KEEPALIVE)
		if on != 1 || err != nil {
			t.Errorf("keep-alive is %d, %v", on, err)
		}
		idle, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_KEEPIDLE)
		if idle != keepAliveIdle || err != nil {
			t.Errorf("it begins after %d s, %v; want %d", idle, err, keepAliveIdle)
		}
	})
}
