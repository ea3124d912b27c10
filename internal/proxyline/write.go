package proxyline

import (
	"net"

	proxyproto "github.com/pires/go-proxyproto"
)

// Write returns the line of a version, 1 or 2, that tells of ends. Of two families,
// the IPv4 address is written as one of IPv6. Ends that are not known say that
// the connection is the door's own.
func Write(version int, e Ends) []byte {
	h := &proxyproto.Header{Version: byte(version), Command: proxyproto.LOCAL, TransportProtocol: proxyproto.UNSPEC} //nolint:gosec // 1 or 2
	if version == 1 {
		h.Command = proxyproto.PROXY // version 1 has PROXY UNKNOWN for it
	}
	if client, door := e.Client.Addr(), e.Door.Addr(); client.IsValid() && door.IsValid() {
		h.Command, h.TransportProtocol = proxyproto.PROXY, proxyproto.TCPv6
		if client.Is4() && door.Is4() {
			h.TransportProtocol = proxyproto.TCPv4
		}
		h.SourceAddr, h.DestinationAddr = net.TCPAddrFromAddrPort(e.Client), net.TCPAddrFromAddrPort(e.Door)
	}
	line, err := h.Format()
	if err != nil {
		// It cannot be: all that is in h was made here.
		panic("proxyline: " + err.Error())
	}
	return line
}
