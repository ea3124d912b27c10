package config

import (
	"net"
	"strings"
)

// socket is an address that something in the file wants to be bound to.
type socket struct {
	key, address string
	host, port   string // both "" where the address has no port of its own to share
}

func newSocket(key, address string) socket {
	s := socket{key: key, address: address}
	if strings.HasPrefix(address, "fd:") || strings.HasPrefix(address, "unix:") {
		return s
	}
	s.host, s.port, _ = net.SplitHostPort(address)
	return s
}

// clashes says whether two sockets cannot both be bound: they want the same
// port of the same address, or one of them wants it of all addresses.
func (s socket) clashes(other socket) bool {
	switch {
	case s.port == "" || other.port == "":
		return s.address == other.address
	case s.port != other.port || strings.Trim(s.port, "0") == "": // 0: the kernel finds a free one
		return false
	}
	return s.host == other.host || s.covers(other) || other.covers(s)
}

// covers says whether s stands for all addresses of the other's family. An
// unspecified IPv6 address takes IPv4, too.
func (s socket) covers(other socket) bool {
	switch s.host {
	case "", "::":
		return true
	case "0.0.0.0":
		return !strings.Contains(other.host, ":")
	}
	return false
}
