package http1

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrClosed is the cause of an exchange that ended because Close was called.
var ErrClosed = errors.New("the connection was closed")

// ClientConn is one HTTP/1.1 connection to a server.
type ClientConn struct {
	nc  net.Conn
	raw syscall.RawConn // of the TCP socket below; nil: unknown
	br  *bufio.Reader
	out []byte // head of a request, reused

	exchanges int
	reusable  bool
	keepAlive time.Duration
	keepMax   int

	// abortMu guards cause.
	abortMu sync.Mutex
	cause   error // why the connection was cut
}

// NewClientConn takes over a connection that was dialled.
func NewClientConn(nc net.Conn) *ClientConn {
	return &ClientConn{nc: nc, raw: rawConn(nc), br: bufio.NewReaderSize(nc, 4<<10), reusable: true}
}

// rawConn finds the socket, also under TLS.
func rawConn(nc net.Conn) syscall.RawConn {
	if t, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = t.NetConn()
	}
	if s, ok := nc.(syscall.Conn); ok {
		if raw, err := s.SyscallConn(); err == nil {
			return raw
		}
	}
	return nil
}

// Exchange is one request, and the limits of its answer.
type Exchange struct {
	// Request gives Method, URL, Host, Header, ContentLength (-1: chunked) and
	// Trailer. Its Body is not used. Hop-by-hop headers were removed by the
	// caller, but for an Upgrade that is wanted, Te and Expect.
	Request *http.Request
	// Body is read to its end; nil: there is none. It may block; if it has a
	// Close method, that is called when nothing more is wanted of it.
	Body io.Reader
	// Suspect is how long no byte of an answer may come after the request was
	// sent until OnSuspect is called, once; 0: never.
	Suspect   time.Duration
	OnSuspect func()
	// Response is how long no byte of an answer may come after the request was
	// sent; 0: for ever.
	Response time.Duration
	// BodyIdle bounds each read and write without progress; 0: no limit.
	BodyIdle time.Duration
	// Got1xx hears of informational answers but 101; may be nil.
	Got1xx func(code int, header textproto.MIMEHeader) error
}

// Abort cuts the connection, from any goroutine. What is under way fails with
// an error that wraps cause.
func (c *ClientConn) Abort(cause error) {
	c.abortMu.Lock()
	defer c.abortMu.Unlock()
	if c.cause == nil {
		c.cause = cause
		// A deadline, not Close: over TLS, Close waits for a write under way.
		_ = c.nc.SetDeadline(time.Unix(1, 0))
	}
}

func (c *ClientConn) aborted() error {
	c.abortMu.Lock()
	defer c.abortMu.Unlock()
	return c.cause
}

// setReadDeadline does not undo an Abort.
func (c *ClientConn) setReadDeadline(t time.Time) {
	c.abortMu.Lock()
	defer c.abortMu.Unlock()
	if c.cause == nil {
		_ = c.nc.SetReadDeadline(t)
	}
}

func (c *ClientConn) setWriteDeadline(t time.Time) {
	c.abortMu.Lock()
	defer c.abortMu.Unlock()
	if c.cause == nil {
		_ = c.nc.SetWriteDeadline(t)
	}
}

// Close closes the connection.
func (c *ClientConn) Close() error {
	c.Abort(ErrClosed)
	return c.nc.Close()
}

// Reusable reports whether another exchange may follow. It is true before the
// first one, and after an answer that was read to its end.
func (c *ClientConn) Reusable() bool { return c.reusable && c.aborted() == nil }

// KeepAlive returns what the last answer's Keep-Alive header said; 0: nothing.
func (c *ClientConn) KeepAlive() (timeout time.Duration, max int) { return c.keepAlive, c.keepMax }

// learnKeepAlive reads "timeout=5, max=100".
func (c *ClientConn) learnKeepAlive(h http.Header) {
	for _, v := range h["Keep-Alive"] {
		for part := range strings.SplitSeq(v, ",") {
			name, value, _ := strings.Cut(strings.Trim(part, " \t"), "=")
			n, err := strconv.Atoi(value)
			if err != nil || n < 0 || n > 1<<20 {
				continue
			}
			switch strings.ToLower(name) {
			case "timeout":
				c.keepAlive = time.Duration(n) * time.Second
			case "max":
				c.keepMax = n
			}
		}
	}
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
