package tunnel

import "time"

// Causes of the end of a tunnel, as a log has them.
const (
	CauseOK      = "ok"            // closed in the way of the protocol
	CauseClient  = "client_closed" // the client went away
	CauseBackend = "backend_cut"   // the backend went away
	CauseIdle    = "tunnel_idle"   // nothing moved for Options.Idle
	CauseGoAway  = "going_away"    // GoAway
)

// Stats tells of a tunnel that has ended.
type Stats struct {
	BytesIn  int64         // from the client
	BytesOut int64         // to the client, without the head of the 101 answer and a Close frame of ours
	Duration time.Duration // since New
	Cause    string        // one of the Cause constants, or what was given to End
}

// because names the cause of the end. The first one stands.
func (c *Conn) because(cause string) { c.cause.CompareAndSwap(nil, &cause) }

// end closes both sides and reports, once. Whoever comes later waits for it.
func (c *Conn) end() {
	c.ending.Do(func() {
		c.because(c.orderlyCause())
		c.done.fire()
		c.timerMu.Lock()
		c.timer.Stop()
		c.timerMu.Unlock()
		if c.options.Backend != nil {
			_ = c.options.Backend.Close() // the tunnel is over; there is nobody to tell
		}
		c.closeErr = c.nc.Close()
		if c.options.OnClose != nil {
			c.options.OnClose(Stats{c.bytesIn.Load(), c.bytesOut.Load(), time.Since(c.begin), *c.cause.Load()})
		}
	})
}

// orderlyCause judges an end that nothing on this side caused, from who closed.
// An error of the client's connection would have been a cause before.
func (c *Conn) orderlyCause() string {
	client, backend := c.clientEOF.Load(), c.backendEOF.Load()
	switch {
	case c.options.WebSocket && c.closeSeen.Load(), !c.options.WebSocket && backend:
		return CauseOK
	case client:
		return CauseClient
	}
	return CauseBackend
}
