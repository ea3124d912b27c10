//go:build !linux

package http1

// push is for Linux alone.
type push struct{}

func (*push) prepare(*ClientConn) {}

func (*push) possible() bool { return false }

func (c *ClientConn) pushAndWait(p []byte) (int, error) { return c.write(p, 0) }
