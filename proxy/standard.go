package proxy

import (
	"context"
	"crypto/tls"
	stdlog "log"
	"net"
	"net/http"
	"time"
)

// standard is the engine of the standard library.
type standard struct {
	*http.Server
	door  *door
	http2 http2Conns
}

func newStandard(d *door) *standard {
	cfg := d.cfg
	e := &standard{door: d, Server: &http.Server{
		Handler:                      d,
		DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout:            cfg.HeaderTimeout,
		IdleTimeout:                  cfg.Idle,
		MaxHeaderBytes:               int(cfg.MaxHeader),
		BaseContext:                  func(net.Listener) context.Context { return d.server.base },
		ErrorLog:                     stdlog.New(serverLog{d.server.log, cfg.Name, d.server.refusedCertificate}, "", 0),
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxStreams, MaxReadFrameSize: maxReadFrame,
			MaxDecoderHeaderTableSize: headerTable, WriteByteTimeout: cfg.WriteIdle,
		},
		Protocols: new(http.Protocols),
		ConnState: liftDeadline,
	}}
	e.Protocols.SetHTTP1(true)
	e.Protocols.SetHTTP2(d.tls)
	return e
}

// maxStreams is how many requests a client may have under way on one HTTP/2
// connection.
const maxStreams = 128

func (e *standard) serve(l net.Listener) error {
	if e.door.tls {
		e.TLSConfig = e.door.server.tlsConfig.Clone()
		if err := e.serveHTTP2(); err != nil {
			return err
		}
		l = tls.NewListener(l, e.TLSConfig)
	}
	return e.Serve(l)
}

func (e *standard) goAway() { e.http2.goAway() }

// liftDeadline is told of each change of a connection's state. When an
// exchange over HTTP/1 has ended, the write deadline goes, or it would hit the
// next one before that has written anything.
func liftDeadline(c net.Conn, state http.ConnState) {
	if _, ok := c.(*http2Conn); ok || state != http.StateIdle {
		return
	}
	_ = c.SetWriteDeadline(time.Time{}) // fails where the connection is closed
}
