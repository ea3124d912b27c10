package proxy

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"syscall"

	"sterling/internal/config"
	"sterling/internal/handover"
)

// door is one listener: its socket, its connections and the server that reads
// requests from them. It lives as long as the process; what a reload may
// change of a listener is in the snapshot's listenerRules.
type door struct {
	server *Server
	name   string // at the start
	tls    bool
	native bool // it speaks HTTP by itself, not through net/http's server
	port   int  // as clients see it: of the bound address

	portText string // the same

	cfg      config.Listener
	listener *listener
	engine   engine
	quic     *quicSide                // nil: no HTTP/3
	altSvc   atomic.Pointer[[]string] // that tells of it; nil: there is none now. It is never written to
	closing  atomic.Bool              // every answer from now on carries Connection: close
	served   chan struct{}
}

func newDoor(s *Server, cfg config.Listener) *door {
	d := &door{
		server: s, name: cfg.Name, tls: cfg.Protocol == "https", cfg: cfg,
		native: cfg.Engine != "standard", served: make(chan struct{}),
	}
	if cfg.HTTP3 && d.tls {
		d.quic = newQUICSide(d)
	}
	d.engine = newEngine(d)
	return d
}

// lined reports whether connections may begin with a PROXY line.
func (d *door) lined() bool {
	return d.cfg.ProxyProtocol == "optional" || d.cfg.ProxyProtocol == "required"
}

// listen binds the socket, or takes the one that was passed, if it has a file.
func (d *door) listen(passed handover.Socket) error {
	for range 10 {
		if err := d.listenTCP(passed); err != nil || d.quic == nil {
			return err
		}
		err := d.quic.bind()
		switch {
		case err == nil:
			return nil
		case errors.Is(err, syscall.EADDRINUSE) && passed.File != nil:
			d.quic.bindLater() // the process that has passed it has the other one, too
			return nil
		case errors.Is(err, syscall.EADDRINUSE) && anyPort(d.cfg.Address):
			_ = d.listener.Close() // with another port there may be both
		default:
			_ = d.listener.Close() // the error says more
			return explainBind(d.cfg.Address+" (UDP)", err)
		}
	}
	return explainBind(d.cfg.Address+" (UDP)", syscall.EADDRINUSE)
}

func anyPort(address string) bool {
	_, port, err := net.SplitHostPort(address)
	return err == nil && port == "0"
}

func (d *door) listenTCP(passed handover.Socket) error {
	var (
		l   *listener
		err error
	)
	if passed.File != nil {
		l, err = inherit(passed, d.server.connections)
	} else {
		l, err = bind(d.cfg.Address, d.server.connections)
	}
	if err != nil {
		return err
	}
	l.plain = !d.tls
	if d.lined() {
		l.lines = &lines{required: d.cfg.ProxyProtocol == "required", wait: handshakeTime(d.cfg.HeaderTimeout), log: d.server.log, name: d.called}
		l.lines.trust.Store(d.server.snapshot.Load().listeners[d.name].trust)
	}
	d.listener = l
	if addr, ok := l.Addr().(*net.TCPAddr); ok {
		d.port, d.portText = addr.Port, strconv.Itoa(addr.Port)
	}
	return nil
}

// serve answers requests until the listener is closed and drained.
func (d *door) serve() error {
	defer close(d.served)
	err := d.engine.serve(d.listener)
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, errDrained) {
		return nil
	}
	if d.server.ending.Load() && errors.Is(err, net.ErrClosed) {
		return nil // closed before it was drained: the time was over, or it began after the end
	}
	return err
}

func (d *door) draining() bool { return d.closing.Load() }
