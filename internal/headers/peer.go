package headers

import (
	"net/netip"
	"strings"
)

// Peer reads the address of [http.Request.RemoteAddr], without the port and as
// [Trust.Client] has it: no IPv4 address mapped into IPv6, and no zone. text is
// the same in writing; it is part of remote, and costs nothing, if it stands
// there in its one form, as in what [net.TCPAddr] writes. Both are zero if
// remote is no address with a port after it, which is not looked at.
func Peer(remote string) (addr netip.Addr, text string) {
	colon := strings.LastIndexByte(remote, ':')
	if colon < 0 {
		return netip.Addr{}, ""
	}
	host := remote[:colon]
	bracketed := len(host) > 2 && host[0] == '[' && host[len(host)-1] == ']'
	if bracketed {
		host = host[1 : len(host)-1]
	}
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.Is6() != bracketed {
		return netip.Addr{}, ""
	}
	if addr.Is4() {
		return addr, host // it has one form only
	}
	addr = addr.Unmap().WithZone("")
	var room [48]byte
	if canonical := addr.AppendTo(room[:0]); string(canonical) != host {
		return addr, string(canonical)
	}
	return addr, host
}
