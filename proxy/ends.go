package proxy

import (
	"net"
	"net/http"
	"net/netip"

	"sterling/internal/headers"
	"sterling/internal/proxyline"
)

// viaLine is the door's end of a connection whose client a PROXY line has named.
// By it a request knows of the line, whatever server has read that request.
type viaLine struct{ *net.TCPAddr }

// LocalAddr implements [net.Conn]. Who names himself has named nobody.
func (c *introduced) LocalAddr() net.Addr {
	local := c.TCPConn.LocalAddr()
	if c.introduce() == nil && c.client != nil && c.client.AddrPort().Addr() != c.addr {
		if end, ok := local.(*net.TCPAddr); ok {
			return viaLine{end}
		}
	}
	return local
}

// believed are those whose headers say who the client is. A balancer that writes
// PROXY lines passes on bytes that it has not read, so that the headers of a
// connection which is its own are somebody else's. Whom a line names may be a
// proxy that has written them: nobody chooses what the line says of him.
func (x *exchange) believed() *headers.Trust {
	if !x.door.lined() {
		return x.listener.trust
	}
	if _, named := x.in.Context().Value(http.LocalAddrContextKey).(viaLine); named {
		return x.listener.trust
	}
	return nil
}

// ends are those of the client's connection, for a PROXY line. Behind a trusted
// proxy the client is who that one says, and his port is not known.
func (x *exchange) ends() proxyline.Ends {
	var e proxyline.Ends
	// Of TCP or, for HTTP/3, of UDP.
	if local, ok := x.in.Context().Value(http.LocalAddrContextKey).(interface{ AddrPort() netip.AddrPort }); ok {
		door := local.AddrPort()
		e.Door = netip.AddrPortFrom(door.Addr().Unmap().WithZone(""), door.Port())
	}
	e.Client = netip.AddrPortFrom(x.client.Client, 0)
	if remote, err := netip.ParseAddrPort(x.in.RemoteAddr); err == nil && x.client.Client == x.peer {
		e.Client = netip.AddrPortFrom(x.client.Client, remote.Port())
	}
	return e
}
