package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"sterling/internal/accesslog"
	"sterling/internal/headers"
	"sterling/internal/http1"
	"sterling/internal/http2"
	proxytls "sterling/tls"
)

// native is the engine of our own: one goroutine a connection for HTTP/1.1,
// and one more a request for HTTP/2.
type native struct {
	door  *door
	tls   *tls.Config // nil: plain
	http1 *http1.Server
	http2 *http2.Server // nil: plain

	// shakingMu guards shaking and closed.
	shakingMu sync.Mutex
	shaking   map[net.Conn]struct{} // connections in their handshake
	closed    bool
}

func newNative(d *door) *native {
	e := &native{door: d, shaking: make(map[net.Conn]struct{})}
	e.http1 = http1.NewServer(http1.ServerOptions{
		Handler: d, Base: d.server.base,
		Header: d.cfg.HeaderTimeout, Idle: d.cfg.Idle, Write: d.cfg.WriteIdle,
		MaxHead: int(d.cfg.MaxHeader), MaxLines: maxLines,
		Refused: d.refused, Panicked: d.panicked, Closing: d.draining,
	})
	if d.tls {
		e.tls = d.server.tlsConfig.Clone()
		e.http2 = http2.NewServer(http2.ServerOptions{
			Handler: d, Base: d.server.base,
			Header: d.cfg.HeaderTimeout, Idle: d.cfg.Idle, Write: d.cfg.WriteIdle,
			MaxHead: int(d.cfg.MaxHeader) + listOverhead*d.cfg.MaxHeaders, MaxLines: maxLines, MaxStreams: maxStreams,
			Refused:  func(r *http2.Refused) { d.refused((*http1.Refused)(r)) },
			Panicked: d.panicked, Closing: d.draining, Failed: d.failed,
		})
	}
	return e
}

// listOverhead is what each field of a header list counts beside its name and
// value (RFC 9113, section 6.5.2). Ours is the size that it has in HTTP/1.1, and
// is looked at for each request.
const listOverhead = 32

// maxLines is the most header lines that an engine takes: the listener's own
// limit is looked at for each request, which is then logged.
const maxLines = 10000

func (e *native) serve(l net.Listener) error {
	var pause time.Duration
	for {
		c, err := l.Accept()
		var temporary interface{ Temporary() bool }
		switch {
		case err == nil:
			pause = 0
			go e.connection(c) // ended by Shutdown or Close, which closes it
		case errors.As(err, &temporary) && temporary.Temporary():
			// For want of descriptors, above all: some will be closed.
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			e.door.server.log.Warn().Err(err).Str("listener", e.door.called()).Msg("a connection could not be accepted")
			time.Sleep(pause)
		default:
			return err
		}
	}
}

// connection serves one connection to its end.
func (e *native) connection(c net.Conn) {
	if i, ok := c.(*introduced); ok {
		if e.introduced(i) != nil {
			return
		}
	}
	if e.tls == nil {
		e.http1.ServeConn(c, nil)
		return
	}
	secure := tls.Server(http1.NewConn(c), e.tls)
	if !e.handshake(c, secure) {
		return
	}
	// On a goroutine of its own: the handshake has made this one's stack large.
	go e.negotiated(secure)
}

// introduced reads a connection's PROXY line. Meanwhile it counts as one in its
// handshake: who was accepted is served.
func (e *native) introduced(c *introduced) error {
	if !e.shake(c) {
		_ = c.Close() // too late for it
		return net.ErrClosed
	}
	defer e.shaken(c)
	return c.introduce()
}

func (e *native) negotiated(c *tls.Conn) {
	state := c.ConnectionState()
	if state.NegotiatedProtocol == proxytls.ChallengeProtocol {
		_ = c.Close() // all was said in the handshake
		return
	}
	if state.NegotiatedProtocol == "h2" {
		e.http2.ServeConn(c, &state)
		return
	}
	e.http1.ServeConn(c, &state)
}

// handshake closes the connection where it fails.
func (e *native) handshake(c net.Conn, secure *tls.Conn) bool {
	if !e.shake(c) {
		_ = c.Close() // too late for it
		return false
	}
	defer e.shaken(c)
	_ = c.SetDeadline(time.Now().Add(handshakeTime(e.door.cfg.HeaderTimeout))) // fails where it is closed
	err := secure.Handshake()
	if err == nil {
		_ = c.SetDeadline(time.Time{}) // as above
		return true
	}
	var record tls.RecordHeaderError
	if errors.As(err, &record) && record.Conn != nil && looksLikeHTTP(record.RecordHeader) {
		_, _ = io.WriteString(record.Conn, plainOnTLS) // a courtesy
	}
	_ = c.Close() // nothing was agreed on
	e.door.server.refusedBy(err)
	// On the internet handshakes that fail are weather.
	e.door.server.log.Debug().Err(err).Str("listener", e.door.called()).Str("client", c.RemoteAddr().String()).
		Msg("a TLS handshake failed")
	return false
}

// handshakeTime is how long a handshake may take.
func handshakeTime(header time.Duration) time.Duration {
	if header > 0 {
		return header
	}
	return 10 * time.Second
}

const (
	httpsOnly  = "This port speaks HTTPS: ask for https:// instead.\n"
	plainOnTLS = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n" + httpsOnly
)

func looksLikeHTTP(header [5]byte) bool {
	switch string(header[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
		return true
	}
	return false
}

func (e *native) shake(c net.Conn) bool {
	e.shakingMu.Lock()
	defer e.shakingMu.Unlock()
	if !e.closed {
		e.shaking[c] = struct{}{}
	}
	return !e.closed
}

func (e *native) shaken(c net.Conn) {
	e.shakingMu.Lock()
	defer e.shakingMu.Unlock()
	delete(e.shaking, c)
}

func (e *native) inHandshake() int {
	e.shakingMu.Lock()
	defer e.shakingMu.Unlock()
	return len(e.shaking)
}

func (e *native) goAway() {
	if e.http2 != nil {
		e.http2.GoAway()
	}
}

// Shutdown implements engine.
func (e *native) Shutdown(ctx context.Context) error {
	// Who has come before the door was shut is still served.
	waitFor(ctx, func() bool { return e.inHandshake() == 0 })
	if e.http2 != nil {
		// Side by side, or one protocol's slow requests would keep the other's
		// idle connections open.
		ended := make(chan struct{})
		go func() {
			_ = e.http2.Shutdown(ctx) // an error says that ctx has ended
			close(ended)
		}()
		defer func() { <-ended }()
	}
	return e.http1.Shutdown(ctx)
}

// Close implements engine.
func (e *native) Close() error {
	e.shakingMu.Lock()
	e.closed = true
	for c := range e.shaking {
		_ = c.Close() // nothing was agreed on
	}
	e.shakingMu.Unlock()
	if e.http2 != nil {
		_ = e.http2.Close() // as below
	}
	return e.http1.Close()
}

// mostRefused is how many bytes of a text are logged of a refused head.
const mostRefused = 2 << 10

// refused writes the line of a request whose head was answered by the engine.
func (d *door) refused(r *http1.Refused) {
	// What was refused for its size is not logged at that size.
	for _, s := range []*string{&r.Method, &r.Host, &r.Target, &r.UserAgent} {
		if len(*s) > mostRefused {
			*s = (*s)[:mostRefused] + "…"
		}
	}
	rec := accesslog.Record{
		Time: r.Began, ID: headers.NewRequestID(), Listener: d.called(), Affinity: affinityNone,
		Method: r.Method, Host: r.Host, Proto: r.Proto, UserAgent: r.UserAgent,
		Status: r.Status, End: badRequest.end, BytesOut: r.BytesOut, Duration: time.Since(r.Began),
	}
	switch r.Status {
	case http.StatusRequestTimeout:
		rec.End = "client_stalled"
	case http.StatusRequestURITooLong:
		rec.End = uriTooLong.end
	case http.StatusRequestHeaderFieldsTooLarge:
		rec.End = headerTooLarge.end
	}
	rec.Path, rec.Query, _ = strings.Cut(r.Target, "?")
	if a, ok := r.Remote.(*net.TCPAddr); ok {
		rec.Client = a.AddrPort().Addr().Unmap().WithZone("").String()
	}
	d.server.access.Write(&rec)
}

// panicked is told of what a handler threw. All of ours recover by themselves.
func (d *door) panicked(v any, stack []byte) {
	d.server.log.Error().Str("listener", d.called()).Interface("panic", v).Bytes("stack", stack).Msg("a connection panicked")
}

// failed is told of a connection that was ended for what its client did.
func (d *door) failed(remote net.Addr, err error) {
	d.server.log.Debug().Err(err).Str("listener", d.called()).Str("client", remote.String()).Msg("an HTTP/2 connection failed")
}
