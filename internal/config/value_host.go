package config

import (
	"net/netip"
	"strings"
)

// hostPatterns is a host of a route: a name, "*." and a name, or an address.
var hostPatterns = kind[string]{name: "host", example: `"www.example.org"`, parse: func(s string) (string, *fault) {
	switch {
	case s == "":
		return "", faultf("", "is empty")
	case s == "*":
		return "", faultf("leave hosts out to take every host", "%q alone is not a host", s)
	case strings.Contains(s, "://") || strings.Contains(s, "/"):
		return "", faultf("write the host alone; paths have a key of their own", "%q is not a host", s)
	}
	if addr, ok := bracketed(s); ok {
		return "[" + addr.String() + "]", nil
	}
	name := strings.ToLower(strings.TrimPrefix(s, "*."))
	switch {
	case name == "":
		return "", faultf("write the name below which one label may vary", "%q names no host", s)
	case strings.Contains(name, "*"):
		return "", faultf(`use "*." at the beginning, for one label`, "%q has a star elsewhere than in a leading \"*.\"", s)
	case strings.Contains(name, ":"):
		return "", faultf("write it without the port, and an IPv6 address in brackets", "%q is not a host", s)
	case strings.HasSuffix(name, "."):
		return "", faultf("write it without the dot", "%q ends with a dot", s)
	}
	if f := hostName(name); f != nil {
		return "", f
	}
	return strings.ToLower(s), nil
}}

// bracketed reads an IPv6 address as a URL writes it.
func bracketed(s string) (netip.Addr, bool) {
	inner, ok := strings.CutPrefix(s, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if !ok || !closed {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(inner)
	return addr, err == nil && addr.Is6() && addr.Zone() == ""
}

// hostHeaders is what may stand in a Host header: a host, with or without port.
var hostHeaders = kind[string]{name: "host", example: `"www.example.org"`, parse: func(s string) (string, *fault) {
	host, port, f := splitAuthority(s)
	if f == nil && port != "" {
		f = portNumber(port, 1)
	}
	if f == nil {
		f = urlHost(host)
	}
	return strings.ToLower(s), f
}}

// serverNames is a name or address that a certificate is verified for.
var serverNames = kind[string]{name: "host", example: `"app.internal"`, parse: func(s string) (string, *fault) {
	if _, err := netip.ParseAddr(s); err == nil {
		return s, nil
	}
	if strings.Contains(s, ":") {
		return "", faultf("write it without scheme and port", "%q is not a server name", s)
	}
	return strings.ToLower(s), hostName(s)
}}

// splitAuthority parts host[:port]; the brackets of an IPv6 address stay.
func splitAuthority(s string) (host, port string, f *fault) {
	if strings.HasPrefix(s, "[") && !strings.Contains(s, "]") {
		return "", "", faultf("close it", "the bracket of the IPv6 address is left open")
	}
	i := strings.LastIndexByte(s, ':')
	if i < 0 || i < strings.LastIndexByte(s, ']') {
		return s, "", nil
	}
	if s[i+1:] == "" {
		return "", "", faultf("", "the port is empty")
	}
	return s[:i], s[i+1:], nil
}

func urlHost(host string) *fault {
	if _, ok := bracketed(host); ok {
		return nil
	}
	if strings.Contains(host, ":") {
		return faultf("write an IPv6 address in brackets", "%q is not a host", host)
	}
	return hostName(strings.ToLower(host))
}
