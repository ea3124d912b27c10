package backend

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"time"

	"sterling/internal/proxyline"
)

// dialer connects to one backend. The name is looked up anew each time, and
// several addresses race as RFC 8305 has it.
type dialer struct {
	net     net.Dialer
	address string                  // host:port
	tls     *tls.Config             // nil: plain
	wrap    func(net.Conn) net.Conn // what to put around the TCP connection; nil: nothing
	line    int                     // version of the PROXY line; 0: none

	descriptors Descriptors // nil: there is no end of them
}

// newDialer prepares a dialer to u. config may be nil; next is the protocol
// offered by ALPN.
func newDialer(u *url.URL, resolver *net.Resolver, config *tls.Config, next string) *dialer {
	d := &dialer{address: u.Host}
	d.net.Resolver = resolver
	if u.Port() == "" {
		d.address = net.JoinHostPort(u.Hostname(), portOf(u.Scheme))
	}
	if u.Scheme != "https" {
		return d
	}
	d.tls = &tls.Config{}
	if config != nil {
		d.tls = config.Clone()
	}
	if d.tls.ServerName == "" {
		d.tls.ServerName = u.Hostname()
	}
	if d.tls.ClientSessionCache == nil {
		d.tls.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	d.tls.NextProtos = []string{next}
	return d
}

func portOf(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// dial connects, TLS included, within limit. Its errors are *Error of the
// kinds where nothing was sent, or ClientClosed where ctx itself ended. ends are
// told to the backend, where it wants to know.
func (d *dialer) dial(ctx context.Context, limit time.Duration, ends proxyline.Ends) (net.Conn, error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := d.open(limited)
	if err != nil {
		return nil, dialError(ctx, err, ConnectFailed)
	}
	if d.line > 0 {
		if _, err := conn.Write(proxyline.Write(d.line, ends)); err != nil {
			_ = conn.Close() // the error says more
			return nil, dialError(ctx, err, ConnectFailed)
		}
	}
	if d.wrap != nil {
		conn = d.wrap(conn)
	}
	if d.tls == nil {
		return conn, nil
	}
	secure := tls.Client(conn, d.tls)
	if err := secure.HandshakeContext(limited); err != nil {
		_ = conn.Close() // the handshake's error says more
		return nil, dialError(ctx, err, TLSFailed)
	}
	if got := secure.ConnectionState().NegotiatedProtocol; got == "" && slices.Contains(d.tls.NextProtos, "h2") {
		_ = conn.Close() // nothing was said yet
		return nil, &Error{Kind: TLSFailed, Err: errors.New("the backend does not offer HTTP/2")}
	}
	return secure, nil
}

// dialError tells a client that has gone from a limit that has passed, and
// both from a backend that cannot be reached.
func dialError(ctx context.Context, err error, kind Kind) *Error {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case ctx.Err() != nil:
		return &Error{Kind: endedKind(context.Cause(ctx)), Err: context.Cause(ctx)}
	case errors.Is(err, errNoDescriptors):
		kind = NoDescriptors
	case errors.As(err, &dns):
		kind = Unresolved
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		kind = ConnectTimeout
	}
	return &Error{Kind: kind, Err: fmt.Errorf("connecting: %w", err)}
}

// errMoved is why an attempt ends whose backend was marked down meanwhile.
var errMoved = errors.New("the backend was marked down")

// endedKind returns the kind for the cause with which an attempt was ended.
func endedKind(cause error) Kind {
	switch {
	case errors.Is(cause, errMoved):
		return Moved
	case errors.Is(cause, ErrHedged):
		return Hedged
	case errors.Is(cause, errResponseTimeout):
		return ResponseTimeout
	case errors.Is(cause, errBodyStalled):
		return BodyStalled
	case errors.Is(cause, errBackendIdle):
		return BackendBodyIdle
	default:
		return ClientClosed
	}
}

var (
	errResponseTimeout = errors.New("no answer within the response limit")
	errBodyStalled     = errors.New("the request's body makes no progress")
	errBackendIdle     = errors.New("the answer's body makes no progress")
)
