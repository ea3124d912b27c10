package backend

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"sterling/internal/http1"
	"sterling/internal/proxyline"
)

// Connections that were made for a client serve that one alone, and those of
// clients that have gone make room for others.
func TestIdleConnectionsOfClients(t *testing.T) {
	var p idlePool
	now := time.Now()
	of := func(client string) proxyline.Ends {
		return proxyline.Ends{Client: netip.MustParseAddrPort(client), Door: netip.MustParseAddrPort("198.51.100.1:443")}
	}
	put := func(client string, limit int) {
		near, far := net.Pipe()
		t.Cleanup(func() { _ = near.Close(); _ = far.Close() })
		p.put(idleConn{ClientConn: http1.NewClientConn(near), since: now, expires: now.Add(time.Minute), ends: of(client)}, limit)
		now = now.Add(time.Millisecond)
	}
	for _, client := range []string{"192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"} {
		put(client, 2)
	}
	other := of("192.0.2.3:1")
	other.Door = netip.MustParseAddrPort("198.51.100.2:443")
	for _, tc := range []struct {
		ends proxyline.Ends
		want bool
	}{
		{of("192.0.2.1:1"), false}, // the oldest one has gone
		{other, false},             // it was made for another door
		{of("192.0.2.3:2"), false}, // and for another port
		{of("192.0.2.3:1"), true},
		{of("192.0.2.3:1"), false}, // it is in use
		{of("192.0.2.2:1"), true},
	} {
		if c, ok := p.takeOf(tc.ends, now, 0); ok != tc.want || ok && c.ends != tc.ends {
			t.Errorf("%+v: %v", tc.ends, ok)
		}
	}
}
