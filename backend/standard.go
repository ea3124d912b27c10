package backend

import (
	"context"
	"net"
	"net/http"
)

// newStandardTransport makes a transport of the standard library that speaks
// one protocol over connections that dial has made, TLS included.
func newStandardTransport(protocol Protocol, dial func(context.Context, string, string) (net.Conn, error)) *http.Transport {
	t := &http.Transport{
		Protocols:          new(http.Protocols),
		DisableCompression: true,
		DialContext:        dial,
		DialTLSContext:     dial,
	}
	switch protocol {
	case H2:
		t.Protocols.SetHTTP2(true)
	case H2C:
		t.Protocols.SetUnencryptedHTTP2(true)
	default:
		t.Protocols.SetHTTP1(true)
	}
	return t
}
