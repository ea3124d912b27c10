package tunnel

import (
	"bufio"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Options for [New]. The zero value is a tunnel without an idle limit for a
// protocol that the package does not know.
type Options struct {
	// Idle ends the tunnel when no byte moved in either direction for so long;
	// 0: never. A write that the client does not take counts as no movement.
	Idle time.Duration
	// WebSocket says that both directions carry the frames of RFC 6455.
	WebSocket bool
	// Backend is closed together with the client's connection; it is the body
	// of the 101 answer. Without it, a tunnel that ends while ReverseProxy
	// waits for the backend alone keeps that connection until the backend moves.
	Backend io.Closer
	// OnClose hears once how the tunnel ended, from the goroutine that ended
	// it. It must not call methods of the Conn. nil: nobody does.
	OnClose func(Stats)
}

// Conn is the client's side of a tunnel. It is a net.Conn; make one with [New].
type Conn struct {
	nc      net.Conn
	options Options
	begin   time.Time

	moved    atomic.Int64 // when a byte last moved, as nanoseconds since begin
	bytesIn  atomic.Int64
	bytesOut atomic.Int64

	// For the goroutine that reads.
	buffered []byte
	in       frames
	parting  bool   // nothing of the client's goes to the backend any more
	last     []byte // what is left of our Close frame to the backend

	writeMu sync.Mutex // guards writes to nc and the two below; GoAway only tries to take it
	out     outgoing
	silent  bool // nothing goes to the client any more

	told         *signal // going away: the client got its last word
	answered     *signal // the client closed, by a frame or the connection
	drained      *signal // nothing more can be read from the client
	backendEnded *signal // the backend closed, by a frame or the connection
	done         *signal // the tunnel is over

	goAwayMu sync.Mutex // guards setting leaving
	leaving  atomic.Pointer[departure]
	telling  atomic.Bool // set before told: the last word may be on its way

	timerMu sync.Mutex // guards timer
	timer   *time.Timer

	ending     sync.Once
	closeErr   error // written under ending
	cause      atomic.Pointer[string]
	clientEOF  atomic.Bool
	backendEOF atomic.Bool
	closeSeen  atomic.Bool // a websocket Close frame passed whole, in either direction
}

var _ net.Conn = (*Conn)(nil)

// New wraps the connection that a hijack returned, and owns it from then on.
// buffered are the bytes that were read from it already; they are not copied.
// Deadlines that the request had set are lifted. The Conn must be closed.
func New(nc net.Conn, buffered []byte, o Options) *Conn {
	_ = nc.SetDeadline(time.Time{}) // a dead connection shows with the first read
	c := &Conn{
		nc: nc, options: o, begin: time.Now(), buffered: buffered,
		out:  outgoing{websocket: o.WebSocket},
		told: newSignal(), answered: newSignal(), drained: newSignal(), backendEnded: newSignal(), done: newSignal(),
	}
	c.timerMu.Lock()
	defer c.timerMu.Unlock()
	c.timer = time.AfterFunc(c.idleLimit(), c.checkIdle)
	return c
}

// ReadWriter returns what Hijack returns beside the connection: nothing is
// buffered in it, and what is written to it goes through the Conn.
func (c *Conn) ReadWriter() *bufio.ReadWriter {
	return bufio.NewReadWriter(bufio.NewReaderSize(c, 16), bufio.NewWriter(c))
}

// Close ends the tunnel at once, both sides of it, and waits for a GoAway that
// is under way. Further calls return what the first did.
func (c *Conn) Close() error {
	c.end()
	c.goAwayMu.Lock()
	leaving := c.leaving.Load()
	c.goAwayMu.Unlock()
	if leaving != nil {
		<-leaving.ended
	}
	return c.closeErr
}

// End is Close with a cause for the Stats, if nothing else was the cause before.
// Over TLS it can take five seconds when the client has stopped reading.
func (c *Conn) End(cause string) error {
	c.because(cause)
	return c.Close()
}

// LocalAddr is that of the client's connection.
func (c *Conn) LocalAddr() net.Addr { return c.nc.LocalAddr() }

// RemoteAddr is that of the client's connection.
func (c *Conn) RemoteAddr() net.Addr { return c.nc.RemoteAddr() }

// SetDeadline sets both deadlines of the client's connection. GoAway replaces
// them.
func (c *Conn) SetDeadline(t time.Time) error { return c.nc.SetDeadline(t) }

// SetReadDeadline is as SetDeadline, for Read alone.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.nc.SetReadDeadline(t) }

// SetWriteDeadline is as SetDeadline, for Write alone.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.nc.SetWriteDeadline(t) }
