package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// What a client may have the door keep for one connection.
const (
	maxStreamWindow     = 1 << 20
	maxConnectionWindow = 4 << 20
	maxUniStreams       = 16 // HTTP/3 has three, and wants room for others (RFC 9114, section 6.2)

	// deadClient is how long a connection may be silent, whatever is under way on
	// it: every askedAlive its client is asked for a sign.
	deadClient = 30 * time.Second
	askedAlive = 12 * time.Second
)

// quicSide is the other half of a door that speaks HTTP/3: a UDP socket at the
// same address, whose requests take the same path as all others.
type quicSide struct {
	door   *door // as the requests see it
	front  *door // whose other half it is
	server *http3.Server
	resets int // of a connection within a second are not too many; 0: maxResets

	mu        sync.Mutex // guards what follows
	transport *quic.Transport
	listener  http3.QUICListener
	socket    *net.UDPConn
	leaving   bool
	tasks     sync.WaitGroup // under mu when it grows

	requests atomic.Int64
	shaking  atomic.Int64 // connections in their handshake
}

func newQUICSide(front *door) *quicSide {
	d := &door{server: front.server, name: front.name, tls: true, cfg: front.cfg, served: make(chan struct{})}
	q := &quicSide{door: d, front: front}
	cfg := front.cfg
	q.server = &http3.Server{
		Handler:        q,
		MaxHeaderBytes: int(cfg.MaxHeader) + listOverhead*cfg.MaxHeaders,
		ConnContext:    q.connected,
	}
	return q
}

// bind opens the UDP socket beside the TCP one. An error is EADDRINUSE, or for
// good.
func (q *quicSide) bind() error {
	tcp, ok := q.front.listener.Addr().(*net.TCPAddr)
	if !ok {
		return errors.New("HTTP/3 needs an address with a port")
	}
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: tcp.IP, Port: tcp.Port, Zone: tcp.Zone})
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.leaving {
		return socket.Close()
	}
	cfg := q.front.cfg
	resetKey, err := loadResetKey(q.door.server.snapshot.Load().cfg.State.Dir)
	if err != nil {
		q.door.server.log.Warn().Err(err).Str("listener", q.door.called()).Msg("should this process be killed, HTTP/3 clients will wait for it")
	}
	transport := &quic.Transport{Conn: socket, ConnContext: q.admit, VerifySourceAddress: q.mustProve, StatelessResetKey: resetKey}
	listener, err := listenQUIC(transport, http3.ConfigureTLSConfig(q.door.server.tlsConfig), &quic.Config{
		Versions:             []quic.Version{quic.Version1, quic.Version2},
		HandshakeIdleTimeout: handshakeTime(cfg.HeaderTimeout) / 2, // the whole handshake may take twice as long
		MaxIdleTimeout:       deadClient, KeepAlivePeriod: askedAlive,
		MaxStreamReceiveWindow: maxStreamWindow, MaxConnectionReceiveWindow: maxConnectionWindow,
		MaxIncomingStreams: maxStreams, MaxIncomingUniStreams: maxUniStreams,
		Allow0RTT: cfg.EarlyData,
		Tracer:    q.frames,
	})
	if err != nil {
		_ = socket.Close() // the error says more
		return err
	}
	q.socket, q.transport, q.listener = socket, transport, listener
	q.door.port, q.door.portText = tcp.Port, strconv.Itoa(tcp.Port)
	port := tcp.Port
	if cfg.HTTP3Port != 0 {
		port = cfg.HTTP3Port
	}
	q.front.altSvc.Store(&[]string{fmt.Sprintf(`h3=":%d"; ma=86400`, port)})
	return nil
}

// listenQUIC hands connections out when their handshake has ended, or, for early
// data, before.
func listenQUIC(t *quic.Transport, secure *tls.Config, cfg *quic.Config) (http3.QUICListener, error) {
	if cfg.Allow0RTT {
		return t.ListenEarly(secure, cfg)
	}
	return t.Listen(secure, cfg)
}

// bindLater waits until the process before this one has let the socket go.
func (q *quicSide) bindLater() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.leaving {
		return
	}
	q.tasks.Go(func() {
		for {
			switch err := q.bind(); {
			case err == nil:
				q.serve()
				return
			case !errors.Is(err, syscall.EADDRINUSE):
				q.door.server.log.Error().Err(err).Str("listener", q.door.called()).Msg("HTTP/3 is not offered")
				return
			}
			select {
			case <-q.door.served: // the door goes before that
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
}

// start serves what bind has opened.
func (q *quicSide) start() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.listener != nil && !q.leaving {
		q.tasks.Go(q.serve)
	}
}

func (q *quicSide) serve() {
	q.mu.Lock()
	l := q.listener
	q.mu.Unlock()
	if l == nil {
		return
	}
	q.door.server.log.Info().Str("listener", q.door.called()).Str("address", l.Addr().String()).Str("protocol", "h3").Msg("listening")
	err := q.server.ServeListener(accepting{l})
	if !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, quic.ErrServerClosed) {
		q.door.server.log.Error().Err(err).Str("listener", q.door.called()).Msg("HTTP/3 has ended")
	}
}

// goAway takes no further connections, and asks clients for no more requests.
func (q *quicSide) goAway() {
	q.door.closing.Store(true)
	q.mu.Lock()
	first := !q.leaving
	q.leaving = true
	q.front.altSvc.Store(nil) // here, or a bind that is under way would store it again
	l := q.listener
	if first && l != nil {
		q.tasks.Go(func() {
			// It asks at once, and waits until clients have gone, or Close.
			_ = q.server.Shutdown(context.Background())
		})
	}
	q.mu.Unlock()
	if first {
		close(q.door.served)
		if l != nil {
			_ = l.Close() // connections that are open go on
		}
	}
}

// quicFarewell is how long clients may take to leave when all is answered.
const quicFarewell = 500 * time.Millisecond

// Shutdown waits until all requests have ended.
func (q *quicSide) Shutdown(ctx context.Context) error {
	q.goAway()
	if !waitFor(ctx, func() bool { return q.requests.Load() == 0 }) {
		return ctx.Err()
	}
	// What was written is still on its way, and clients leave once they have it.
	last, cancel := context.WithTimeout(ctx, quicFarewell)
	defer cancel()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		q.tasks.Wait()
	}()
	select {
	case <-gone:
	case <-last.Done():
	}
	return q.Close()
}

// Close ends all connections and gives the socket up.
func (q *quicSide) Close() error {
	q.goAway()
	err := q.server.Close()
	q.mu.Lock()
	transport, socket := q.transport, q.socket
	q.transport, q.socket = nil, nil
	q.mu.Unlock()
	if transport != nil {
		err = errors.Join(err, transport.Close(), socket.Close())
	}
	q.tasks.Wait()
	return err
}

// withHTTP3 is an engine and a quicSide.
type withHTTP3 struct {
	engine
	quic *quicSide
}

func (e *withHTTP3) serve(l net.Listener) error {
	e.quic.start()
	return e.engine.serve(l)
}

func (e *withHTTP3) goAway() {
	e.engine.goAway()
	e.quic.goAway()
}

func (e *withHTTP3) Shutdown(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = e.quic.Shutdown(ctx) // an error says that ctx has ended
	}()
	defer func() { <-ended }()
	return e.engine.Shutdown(ctx)
}

func (e *withHTTP3) Close() error { return errors.Join(e.engine.Close(), e.quic.Close()) }

// tellOfHTTP3 lets clients know of it (RFC 7838), unless a rule of the route says
// otherwise.
func (d *door) tellOfHTTP3(h http.Header) {
	if v := d.altSvc.Load(); v != nil && h["Alt-Svc"] == nil {
		h["Alt-Svc"] = *v
	}
}
