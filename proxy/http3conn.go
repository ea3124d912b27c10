package proxy

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// manyHandshakes is how many may be under way before those who begin another
// must prove their address (RFC 9000, section 8.1.2): a forged one costs them
// nothing, and the door a key exchange.
const manyHandshakes = 64

var (
	errNoPlace = errors.New("there are too many connections")
	errLate    = errors.New("the door is shut")
)

// quicConn is one QUIC connection's place among those of the door.
type quicConn struct {
	side   *quicSide
	addr   netip.Addr
	conn   *quic.Conn
	shaken func()
	active atomic.Int64 // requests
	flood  quicFlood
	frames *quicFrames
	// idle ends a connection that has had no request for as long as it may. That
	// of http3 would go on, and keep all of the connection, when that has ended.
	idle *time.Timer
}

type quicConnKey struct{}

func quicConnOf(ctx context.Context) *quicConn {
	c, _ := ctx.Value(quicConnKey{}).(*quicConn) // admit has put it there
	return c
}

// mustProve reports whether who begins a connection is sent back first with a
// token that reaches true addresses alone. A limit for each address is fair
// only with such.
func (q *quicSide) mustProve(net.Addr) bool {
	return q.front.listener.limits.perAddress > 0 || q.shaking.Load() >= manyHandshakes
}

// admit finds a place for a connection, which is given back when ctx ends: with
// the connection, or with a handshake that fails.
func (q *quicSide) admit(ctx context.Context, from *quic.ClientInfo) (context.Context, error) {
	c := &quicConn{side: q, flood: quicFlood{most: q.resets}}
	c.frames = &quicFrames{conn: c, requests: make(map[quic.StreamID]*requestFrames)}
	if a, ok := from.RemoteAddr.(*net.UDPAddr); ok {
		c.addr = a.AddrPort().Addr().Unmap()
	}
	if q.door.draining() {
		return nil, errLate
	}
	l := q.front.listener
	if !l.limits.take(c.addr) {
		l.shed.Add(1)
		return nil, errNoPlace
	}
	l.open.Add(1)
	q.shaking.Add(1)
	c.shaken = sync.OnceFunc(func() { q.shaking.Add(-1) })
	context.AfterFunc(ctx, func() {
		c.shaken()
		l.open.Add(-1)
		l.limits.give(c.addr)
		q.door.server.refusedBy(context.Cause(ctx))
	})
	return context.WithValue(ctx, quicConnKey{}, c), nil
}

// accepting is told of connections that have come.
type accepting struct{ http3.QUICListener }

// Accept implements [http3.QUICListener].
func (a accepting) Accept(ctx context.Context) (*quic.Conn, error) {
	conn, err := a.QUICListener.Accept(ctx)
	if err != nil {
		return nil, err
	}
	c := quicConnOf(conn.Context())
	c.shaken()
	c.side.front.listener.accepted.Add(1)
	return conn, nil
}

// connected makes the context of a connection's requests, which ends with the
// door's time, too, and by its cause.
func (q *quicSide) connected(ctx context.Context, conn *quic.Conn) context.Context {
	c, base := quicConnOf(ctx), q.door.server.base
	// By this ReverseProxy knows that a panic cuts the answer off here.
	ctx = context.WithValue(ctx, http.ServerContextKey, new(http.Server))
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(base, func() { cancel(context.Cause(base)) })
	c.conn = conn
	c.idle = time.AfterFunc(q.front.cfg.Idle, c.endIdle)
	context.AfterFunc(conn.Context(), func() {
		stop()
		c.idle.Stop()
	})
	return ctx
}

// endIdle also ends what has begun a head and not finished it, as that is no
// request yet.
func (c *quicConn) endIdle() {
	if c.active.Load() == 0 {
		c.refuse(http3.ErrCodeNoError)
	}
}

// refuse ends the connection for what its client has done.
func (c *quicConn) refuse(code http3.ErrCode) {
	_ = c.conn.CloseWithError(quic.ApplicationErrorCode(code), "") // it may have ended
}

// begin and end frame a request.
func (c *quicConn) begin() {
	c.side.requests.Add(1)
	if c.active.Add(1) == 1 {
		c.idle.Stop()
	}
}

// end is told whether the client has made the request come to nothing.
func (c *quicConn) end(reset bool) {
	if c.flood.count(reset) {
		c.endFlood()
	}
	if c.active.Add(-1) == 0 {
		c.idle.Reset(c.side.front.cfg.Idle)
		if c.conn.Context().Err() != nil { // while the last request was
			c.idle.Stop()
		}
	}
	c.side.requests.Add(-1)
}
