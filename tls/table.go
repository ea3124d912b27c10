package tls

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// table is what a Store chooses from. It never changes once it was made.
type table struct {
	exact    map[string]*set // by canonical name
	wild     map[string]*set // "*.example.org" by "example.org"
	fallback *set            // nil: there are no certificates
	leaves   []Leaf
	certs    []*tls.Certificate
	loaded   int // how many of them were loaded from files
}

// set is the certificates that serve a name, in order of preference. Names
// served by the same certificates share one set.
type set struct {
	certs  []*tls.Certificate
	policy string
}

func newTable(loaded []*tls.Certificate, managed ...*tls.Certificate) *table {
	certs := slices.Concat(loaded, managed)
	t := &table{exact: map[string]*set{}, wild: map[string]*set{}, certs: certs, loaded: len(loaded)}
	exact, wild := map[string][]*tls.Certificate{}, map[string][]*tls.Certificate{}
	for i, cert := range certs {
		leaf := describe(cert.Leaf)
		leaf.Managed = i >= len(loaded)
		t.leaves = append(t.leaves, leaf)
		for _, name := range cert.Leaf.DNSNames {
			name = canonical(name)
			if parent, ok := wildcard(name); ok {
				wild[parent] = withCertificate(wild[parent], cert)
			} else {
				exact[name] = withCertificate(exact[name], cert)
			}
		}
	}
	shared := sets{}
	for name, list := range exact {
		t.exact[name] = shared.of(list)
	}
	for name, list := range wild {
		t.wild[name] = shared.of(list)
	}
	if len(certs) > 0 {
		t.fallback = t.serving(certs[0], shared)
	}
	return t
}

// serving returns the set of a certificate's first name, so that a client that
// asks for no name has the same key types to choose from.
func (t *table) serving(cert *tls.Certificate, shared sets) *set {
	if len(cert.Leaf.DNSNames) == 0 {
		return shared.of([]*tls.Certificate{cert})
	}
	name := canonical(cert.Leaf.DNSNames[0])
	if parent, ok := wildcard(name); ok {
		return t.wild[parent]
	}
	return t.exact[name]
}

// withCertificate adds cert unless one of its key type is there that is as good: one
// that is valid now goes before one that is not.
func withCertificate(list []*tls.Certificate, cert *tls.Certificate) []*tls.Certificate {
	algorithm, now := cert.Leaf.PublicKeyAlgorithm, time.Now()
	for i, other := range list {
		if other.Leaf.PublicKeyAlgorithm != algorithm {
			continue
		}
		if valid(cert, now) && !valid(other, now) {
			list[i] = cert
		}
		return list
	}
	list = append(list, cert)
	// An RSA signature costs many times an ECDSA one, and every client that can
	// do without takes the other.
	slices.SortStableFunc(list, func(a, b *tls.Certificate) int { return rank(a) - rank(b) })
	return list
}

func valid(cert *tls.Certificate, now time.Time) bool {
	return !now.Before(cert.Leaf.NotBefore) && now.Before(cert.Leaf.NotAfter)
}

func rank(cert *tls.Certificate) int {
	if cert.Leaf.PublicKeyAlgorithm == x509.RSA {
		return 1
	}
	return 0
}

// sets finds the set of the same certificates, by policy.
type sets map[string]*set

func (s sets) of(certs []*tls.Certificate) *set {
	policy := policyOf(certs)
	found := s[policy]
	if found == nil {
		found = &set{certs: certs, policy: policy}
		s[policy] = found
	}
	return found
}

// policyOf is made of the certificates' digests, in one order.
func policyOf(certs []*tls.Certificate) string {
	var digests []string
	for _, cert := range certs {
		sum := sha256.Sum256(cert.Certificate[0])
		digests = append(digests, base64.RawURLEncoding.EncodeToString(sum[:9]))
	}
	slices.Sort(digests)
	return strings.Join(digests, "+")
}
