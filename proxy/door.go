package proxy

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"

	"sterling/internal/config"
	"sterling/internal/handover"
)

// door is one listener: its socket, its connections and the server that reads
// requests from them. It lives as long as the process; what a reload may
// change of a listener is in the snapshot's listenerRules.
type door struct {
	server *Server
	name   string
	tls    bool
	native bool // it speaks HTTP by itself, not through net/http's server
	port   int  // as clients see it: of the bound address

	portText string // the same

	cfg      config.Listener
	listener *listener
	engine   engine
	closing  atomic.Bool // every answer from now on carries Connection: close
	served   chan struct{}
}

func newDoor(s *Server, cfg config.Listener) *door {
	d := &door{
		server: s, name: cfg.Name, tls: cfg.Protocol == "https", cfg: cfg,
		native: cfg.Engine != "standard", served: make(chan struct{}),
	}
	d.engine = newEngine(d)
	return d
}

// listen binds the socket, or takes the one that was passed, if it has a file.
func (d *door) listen(passed handover.Socket) error {
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
