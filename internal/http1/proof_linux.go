package http1

import "golang.org/x/sys/unix"

// acknowledged returns how many bytes the peer's kernel has acknowledged since
// the connection was made (tcpi_bytes_acked of TCP_INFO). What it has not
// acknowledged, no program of the peer has read.
func (c *ClientConn) acknowledged() (uint64, bool) {
	if c.raw == nil {
		return 0, false
	}
	var n uint64
	ok := false
	err := c.raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			n, ok = info.Bytes_acked, true
		}
	})
	return n, ok && err == nil
}

// Alive reports whether an idle connection has neither been closed by the peer
// nor been sent anything that nobody asked for.
func (c *ClientConn) Alive() bool {
	if c.aborted() != nil || c.br.Buffered() > 0 {
		return false
	}
	if c.raw == nil {
		return true
	}
	alive := false
	err := c.raw.Control(func(fd uintptr) {
		var b [1]byte
		_, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		alive = err == unix.EAGAIN
	})
	return err == nil && alive
}
