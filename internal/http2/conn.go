package http2

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// conn is one connection. Its reader is the goroutine of serve.
type conn struct {
	server *Server
	nc     net.Conn
	tls    *tls.ConnectionState
	local  net.Addr
	remote string // address, as in http.Request

	// The reader's.

	in       input
	decoder  *hpack.Decoder
	block    block
	names    canonicalNames
	flood    flood
	settled  bool // the client's first SETTINGS have come
	unacked  int  // of our SETTINGS
	owes     bool // frames were put into the output that nobody was told to write
	headedAt time.Time

	leaving atomic.Bool // no more than a last word is written

	// idleSince is when the last request ended, in Unix nanoseconds; 0 while
	// there is one.
	idleSince atomic.Int64

	// deadlineMu guards what follows.
	deadlineMu sync.Mutex
	deadline   time.Time // the read deadline
	roused     bool      // the reader is to look up, whatever it waits for

	// mu guards what follows, and what stream says.
	mu         sync.Mutex
	out        output
	streams    map[uint32]*stream
	under      int    // streams that are open or whose handler runs
	limited    uint32 // those that count against MaxStreams
	last       uint32 // the highest stream that the client has opened
	recvWindow int64  // what the client may still send, of all bodies
	consume    int64  // bytes that it was not told of
	late       lateStreams
	away       away
	ended      bool          // the reader reads no more frames
	empty      chan struct{} // closed when nothing is under way; nil: nobody waits
}

func newConn(s *Server, nc net.Conn, state *tls.ConnectionState) *conn {
	c := &conn{server: s, nc: nc, tls: state, streams: make(map[uint32]*stream), recvWindow: connWindow}
	if c.local = nc.LocalAddr(); nc.RemoteAddr() != nil {
		c.remote = nc.RemoteAddr().String()
	}
	c.in.from = (*waiter)(c)
	c.out.init()
	c.block.c = c
	c.decoder = hpack.NewDecoder(decoderTable, c.block.field)
	c.decoder.SetMaxStringLength(2 * maxBlock(s.o.MaxHead))
	now := time.Now()
	c.idleSince.Store(now.UnixNano())
	c.flood.resetsSince, c.flood.emptySince = now, now
	c.greet()
	return c
}

// decoderTable is the size of the dynamic table that clients may use, in bytes.
const decoderTable = 4 << 10

// serve answers requests until the connection ends.
func (c *conn) serve() {
	closing := c.server.o.Closing != nil && c.server.o.Closing()
	c.mu.Lock()
	if closing {
		c.leave()
	}
	c.flush()
	c.mu.Unlock()
	err := c.preface()
	for err == nil {
		err = c.next()
	}
	c.end(err)
}

// greet puts the server's preface into the output (RFC 9113, section 3.4):
// nothing may come before it.
func (c *conn) greet() {
	o := &c.server.o
	b := appendSettings(c.out.room(),
		http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: o.MaxStreams},
		http2.Setting{ID: http2.SettingInitialWindowSize, Val: StreamWindow},
		http2.Setting{ID: http2.SettingMaxHeaderListSize, Val: uint32(min(o.MaxHead, 1<<30))}, //nolint:gosec // bounded
		http2.Setting{ID: http2.SettingNoRFC7540Priorities, Val: 1})
	c.out.frames = appendWord(b, http2.FrameWindowUpdate, 0, connWindow-initialWindow)
	c.unacked = 1
}

func (c *conn) preface() error {
	c.headedAt = time.Now()
	got, err := c.in.peek(len(http2.ClientPreface))
	if err != nil {
		return err
	}
	if !bytes.Equal(got, []byte(http2.ClientPreface)) {
		return protocolError("no preface")
	}
	c.in.skip(len(got))
	return nil
}

// next reads a frame. When all that has come was read, what it has caused is
// written.
func (c *conn) next() error {
	if c.owes && c.in.buffered() < frameHeadSize {
		c.owes = false
		c.mu.Lock()
		c.flush()
		c.mu.Unlock()
	}
	b, err := c.in.peek(frameHeadSize)
	if err != nil {
		return err
	}
	h := parseFrameHead(b)
	c.in.skip(frameHeadSize)
	if err := c.frame(h); err != nil {
		return c.judgeFrame(err)
	}
	return nil
}

// judgeFrame returns err, unless it is the fault of a stream alone.
func (c *conn) judgeFrame(err error) error {
	if fault := (*streamError)(nil); errors.As(err, &fault) {
		return c.refuse(fault)
	}
	return err
}

// end ends the connection because of err.
func (c *conn) end(err error) {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	for _, s := range c.hold() {
		c.kill(s, ErrGone)
	}
	c.bye(err)
	c.in.release()
	c.block.release()
	if err := c.failure(err); err != nil && c.server.o.Failed != nil {
		c.server.o.Failed(c.nc.RemoteAddr(), err)
	}
	c.mu.Lock()
	if c.under > 0 {
		c.empty = make(chan struct{})
	}
	empty := c.empty
	c.mu.Unlock()
	if empty != nil {
		<-empty
	}
}

// failure is err, or nil where that is no fault of the client's.
func (c *conn) failure(err error) error {
	if fault := (*connError)(nil); errors.As(err, &fault) || errors.Is(err, errSlow) {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if errors.Is(c.out.broken, os.ErrDeadlineExceeded) {
		return errStalled
	}
	return nil
}

// cut ends the connection at once; the reader finds out. What TLS has to say at
// the end could wait for a client that takes nothing, so it is not said.
func (c *conn) cut() {
	nc := c.nc
	if over, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = over.NetConn()
	}
	_ = nc.Close() // it was to be closed anyway
}

// breakOff ends the connection because writing has failed. It expects mu to be
// held.
func (c *conn) breakOff(err error) {
	if c.out.broken == nil {
		c.out.broken = err
	}
	c.cut()
}

// hold returns all streams, which will not be used again.
func (c *conn) hold() []*stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	held := make([]*stream, 0, len(c.streams))
	for _, s := range c.streams {
		s.kept = true
		held = append(held, s)
	}
	return held
}

// kill ends a stream that is held, without a word to the client.
func (c *conn) kill(s *stream, cause error) {
	c.mu.Lock()
	if s.failure == nil {
		s.failure = cause
	}
	c.close(s)
	s.signal()
	c.mu.Unlock()
	if s.body != nil {
		s.body.end(cause)
	}
	s.ctx.end(cause)
}
