package config

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// listenAddresses is where a listener waits: host:port, or fd:NAME.
var listenAddresses = kind[string]{name: "host:port or fd:NAME", example: `"0.0.0.0:8443"`, parse: func(s string) (string, *fault) {
	if name, ok := strings.CutPrefix(s, "fd:"); ok {
		if _, f := names.parse(name); f != nil {
			return "", faultf("write fd: and the FileDescriptorName of the socket unit", "the name of the passed socket %s", f.text)
		}
		return s, nil
	}
	return s, hostPort(s)
}}

// adminAddresses is where the API waits: host:port, or unix:/path.
var adminAddresses = kind[string]{name: "host:port or unix:/path", example: `"127.0.0.1:9180"`, parse: func(s string) (string, *fault) {
	path, ok := strings.CutPrefix(s, "unix:")
	switch {
	case ok:
	case strings.HasPrefix(s, "/"):
		return "", faultf(fmt.Sprintf("write %q", "unix:"+s), "%q is a path", s)
	default:
		return s, hostPort(s)
	}
	// The kernel's sockaddr_un holds 108 bytes, a NUL among them.
	if len(path) > 107 {
		return "", faultf("move the socket to a folder with a shorter name", "the path of a socket has at most 107 bytes, not %d", len(path))
	}
	return s, plain(path)
}}

func hostPort(s string) *fault {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		if _, errAddr := netip.ParseAddr(s); errAddr == nil && strings.Contains(s, ":") {
			return faultf("write ["+s+"]:PORT", "%q has no port", s)
		}
		if strings.Count(s, ":") == 0 {
			return faultf(`write host:port, like "0.0.0.0:8443"`, "%q has no port", s)
		}
		return faultf(`write host:port, like "0.0.0.0:8443" or "[::1]:8443"`, "%q is not an address", s)
	}
	if f := portNumber(port, 0); f != nil {
		return f
	}
	switch host {
	case "":
		return nil
	case "*":
		return faultf(fmt.Sprintf("write %q for every address", ":"+port), "%q is not an address", s)
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	return hostName(host)
}

func portNumber(port string, from int) *fault {
	if n, err := strconv.Atoi(port); err != nil || n < from || n > 65535 || port[0] == '+' {
		return faultf(fmt.Sprintf("use a number from %d to 65535", from), "%q is not a port", port)
	}
	return nil
}

// hostName accepts a name as a resolver takes it; the underscore, which the RFCs
// do not allow there, is common in names of containers.
func hostName(host string) *fault {
	if len(host) > 253 {
		return faultf("", "the host name is longer than 253 characters")
	}
	for label := range strings.SplitSeq(host, ".") {
		if f := hostLabel(host, label); f != nil {
			return f
		}
	}
	if last := host[strings.LastIndexByte(host, '.')+1:]; strings.Trim(last, "0123456789") == "" {
		if _, err := netip.ParseAddr(host); err != nil {
			return faultf("an address has four numbers, each up to 255", "%q is neither an address nor a host name", host)
		}
	}
	return nil
}

func hostLabel(host, label string) *fault {
	switch {
	case label == "":
		return faultf("", "%q has an empty part between its dots", host)
	case len(label) > 63:
		return faultf("", "%q has a part longer than 63 characters", host)
	case label[0] == '-' || label[len(label)-1] == '-':
		return faultf("", "%q has a part that begins or ends with a hyphen", host)
	}
	for _, r := range label {
		switch {
		case r > 127:
			return faultf("write it in punycode, as xn--…", "%q is not in ASCII", host)
		case !bareKey(byte(r)):
			return faultf("", "%q is not a host name: %q must not be in it", host, r)
		}
	}
	return nil
}

// addressRanges is a CIDR prefix; an address alone is a range of one. Bits
// beyond the prefix are cleared.
var addressRanges = kind[netip.Prefix]{name: "address range", example: `"10.0.0.0/8"`, parse: func(s string) (netip.Prefix, *fault) {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, faultf(`write an address or a range, like "10.0.0.1" or "10.0.0.0/8"`, "%q is not a range of addresses", s)
	}
	if p.Addr().Is4In6() {
		return p, faultf("write it as IPv4", "%q is IPv4 in the form of IPv6", s)
	}
	return p.Masked(), nil
}}
