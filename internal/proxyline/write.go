package proxyline

import (
	"net"
	"net/netip"

	proxyproto "github.com/pires/go-proxyproto"
)

// Write returns the line of a version, 1 or 2, that tells of ends. Of two families,
// the IPv4 address is written as one of IPv6. A door that is not known is written
// as the address of nobody, and a client that is not says that the connection is
// the door's own.
func Write(version int, e Ends) []byte {
	h := &proxyproto.Header{Version: byte(version), Command: proxyproto.LOCAL, TransportProtocol: proxyproto.UNSPEC} //nolint:gosec // 1 or 2
	if version == 1 {
		h.Command = proxyproto.PROXY // version 1 has PROXY UNKNOWN for it
	}
	if client, door := e.Client.Addr(), e.Door.Addr(); client.IsValid() {
		if !door.IsValid() {
			door = nobody(client)
			e.Door = netip.AddrPortFrom(door, e.Door.Port())
		}
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

// nobody is the unspecified address of the same family.
func nobody(a netip.Addr) netip.Addr {
	if a.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}
