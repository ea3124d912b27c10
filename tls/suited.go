package tls

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strings"
)

// Unsuited returns the certificates that bear a name for which clients of TLS
// 1.2 get nowhere: no certificate there has a key that one of the suites is for.
func (s *Store) Unsuited(suites []string) []Leaf {
	t := s.current()
	unsuited := func(cert *tls.Certificate) bool {
		return !slices.ContainsFunc(suites, func(suite string) bool { return suits(suite, cert.Leaf.PublicKeyAlgorithm) })
	}
	var out []Leaf
	for i, cert := range t.certs {
		stranded := len(cert.Leaf.DNSNames) == 0 && unsuited(cert)
		for _, name := range cert.Leaf.DNSNames {
			stranded = stranded || !slices.ContainsFunc(t.find(name).certs, func(c *tls.Certificate) bool { return !unsuited(c) })
		}
		if stranded {
			out = append(out, t.leaves[i].clone())
		}
	}
	return out
}

// suits reports whether a suite is for a type of key. That of Ed25519 goes with
// those of ECDSA (RFC 8422, section 5.10).
func suits(suite string, key x509.PublicKeyAlgorithm) bool {
	return strings.HasPrefix(suite, "ECDHE-RSA-") == (key == x509.RSA)
}
