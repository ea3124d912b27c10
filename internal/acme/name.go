package acme

import (
	"errors"
	"net/netip"
	"strings"
)

// Issuable says why no authority would issue a certificate for a name, which is
// in lower case, by the challenges that there are here; nil: one might.
func Issuable(name string) error {
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil {
		return errors.New("it is an address, not a name")
	}
	if strings.HasPrefix(name, "*.") {
		return errors.New("a wildcard can only be proved by DNS")
	}
	if !strings.Contains(strings.TrimSuffix(name, "."), ".") {
		return errors.New("it has no dot, so it is no public name")
	}
	if len(name) > 253 {
		return errors.New("it is longer than 253 bytes")
	}
	for _, r := range name {
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.') {
			return errors.New("it holds other than letters, digits, hyphens and dots")
		}
	}
	return nil
}

// Private reports whether a name can only be issued by an authority of one's
// own: its last part is no public domain (RFC 6761, RFC 6762, RFC 7686, and what is used
// as if it stood there).
func Private(name string) bool {
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "localhost", "local", "internal", "test", "invalid", "example", "onion", "home", "lan", "corp":
		return true
	}
	return false
}
