package proxy

import (
	"context"
	"net"
)

// engine is the server under a door: it takes connections from the listener
// and gives their requests to the door's ServeHTTP.
type engine interface {
	// serve returns the listener's error once that is closed or drained.
	serve(l net.Listener) error
	// goAway asks HTTP/2 clients to open no more streams.
	goAway()
	// Shutdown closes idle connections, and the others when their requests
	// have ended; it waits for that until ctx ends.
	Shutdown(ctx context.Context) error
	// Close closes every connection at once.
	Close() error
}

func newEngine(d *door) engine {
	var e engine
	if d.native {
		e = newNative(d)
	} else {
		e = newStandard(d)
	}
	if d.quic != nil {
		return &withHTTP3{engine: e, quic: d.quic}
	}
	return e
}
