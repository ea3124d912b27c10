package proxy

import (
	"cmp"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// maxResets is how many requests of one connection may come to nothing in a
// second, by its client's doing, without as many that were answered. It is that
// of HTTP/2. What the server below refuses by itself reaches nobody, and is not
// counted.
const maxResets = 200

// quicFlood counts the requests of one connection. The clock is looked at when
// the limit is passed.
type quicFlood struct {
	most int // as many are not too many; 0: maxResets

	mu           sync.Mutex // guards what follows
	resets, done int
	since        time.Time
}

// count reports whether the client has gone too far.
func (f *quicFlood) count(reset bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !reset {
		f.done++
		return false
	}
	if f.resets++; f.resets <= cmp.Or(f.most, maxResets) {
		return false
	}
	now := time.Now()
	if now.Sub(f.since) < time.Second && f.resets > f.done {
		return true
	}
	f.resets, f.done, f.since = 0, 0, now
	return false
}

func (c *quicConn) endFlood() {
	d := c.side.door
	d.server.log.Debug().Str("listener", d.called()).Str("client", c.addr.String()).
		Msg("an HTTP/3 connection was ended: too many streams reset")
	_ = c.conn.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeExcessiveLoad), "too many streams reset") // it may have ended
}
