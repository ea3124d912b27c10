//go:build !linux

package http1

// acknowledged is known on Linux alone.
func (c *ClientConn) acknowledged() (uint64, bool) { return 0, false }

func (c *ClientConn) refused(uint64) bool { return false }

func (c *ClientConn) tcpInfo() (acked uint64, state uint8, ok bool) { return 0, 0, false }

// Alive cannot look without reading here.
func (c *ClientConn) Alive() bool { return c.aborted() == nil && (c.br == nil || c.br.Buffered() == 0) }

// lookout has nothing to look with here.
type lookout struct{}
