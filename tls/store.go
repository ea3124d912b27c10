package tls

import (
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Store holds the certificates that a front door serves and chooses one by the
// name that the client asks for: a certificate with exactly that name, else one
// with a wildcard in place of its first label, else the first one. Names are
// compared in lower case, without a dot at the end. It is safe for concurrent
// use. The zero value holds no certificate, and every handshake fails.
type Store struct {
	// table is replaced as a whole and never changed, so a handshake that began
	// with one ends with it.
	table atomic.Pointer[table]
}

// Load reads the pairs, in their order of preference. It reports every fault of
// every pair; with any, there is no Store. Of pairs for the same name with
// different key types, the one that a client can use is chosen, ECDSA before
// RSA; of those with the same type, the first. A certificate that has expired
// is no fault; see [Leaf.Warning].
func Load(pairs []Pair) (*Store, []PairError) {
	var (
		certs  []*tls.Certificate
		faults []PairError
	)
	for i, p := range pairs {
		r := pairReader{index: i, pair: p}
		if cert := r.read(); cert != nil {
			certs = append(certs, cert)
		}
		faults = append(faults, r.faults...)
	}
	if len(faults) > 0 {
		return nil, faults
	}
	s := new(Store)
	s.table.Store(newTable(certs))
	return s, nil
}

// With returns a Store that serves other certificates, too, after those of s.
// They must have their Leaf.
func (s *Store) With(managed []*tls.Certificate) *Store {
	t := s.current()
	out := new(Store)
	out.table.Store(newTable(t.certs[:t.loaded], managed...))
	return out
}

// Serves reports whether a certificate bears a name, be it in full or by a
// wildcard.
func (s *Store) Serves(name string) bool { return s.current().bearing(canonical(name)) != nil }

// Replace makes s serve what other holds, from the next handshake on.
// Connections that are open go on with what they have.
func (s *Store) Replace(other *Store) { s.table.Store(other.table.Load()) }

// Policy returns which set of certificates a name falls under, as a word that
// is the same for two names exactly if they are served by the same
// certificates. It may be compared across a Replace. Names that no certificate
// has, the empty name, and addresses, which a client cannot ask for (RFC 6066,
// section 3), fall under the policy of the first certificate. A request whose
// Host falls under another policy than its connection's server name is to be
// answered with 421 (RFC 9110, section 15.5.20).
func (s *Store) Policy(serverName string) string {
	if set := s.current().find(serverName); set != nil {
		return set.policy
	}
	return ""
}

// SamePolicy reports whether two names fall under the same policy.
func (s *Store) SamePolicy(a, b string) bool {
	t := s.current()
	return a == b || t.find(a) == t.find(b)
}

// Certificates describes the certificates in the order in which they were
// loaded.
func (s *Store) Certificates() []Leaf {
	var all []Leaf
	for _, leaf := range s.current().leaves {
		all = append(all, leaf.clone())
	}
	return all
}

var (
	emptyTable = new(table)

	errNoCertificate = errors.New("no certificate was loaded")
)

func (s *Store) current() *table {
	if t := s.table.Load(); t != nil {
		return t
	}
	return emptyTable
}

// Keeper orders certificates as they are needed, and puts them in the Store.
type Keeper interface {
	// Challenge is the certificate that proves to an authority who answers for
	// a name (RFC 8737).
	Challenge(ctx context.Context, name string) (*tls.Certificate, error)
	// Await waits, for a while, when a certificate is on its way for a name that
	// has none, or none that has not ended. It reports whether there is one.
	Await(ctx context.Context, name string) bool
}

// ChallengeProtocol is the ALPN name of connections that prove something to an
// authority; nothing is to be read from them.
const ChallengeProtocol = "acme-tls/1"

// keptCertificate is the GetCertificate of a server that has a Keeper.
func (s *Store) keptCertificate(k Keeper) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == ChallengeProtocol {
			return k.Challenge(hello.Context(), hello.ServerName)
		}
		if hello.ServerName != "" && !s.current().good(hello.ServerName) {
			k.Await(hello.Context(), hello.ServerName) // what there is by then decides
		}
		return s.certificate(hello)
	}
}

// certificate is the GetCertificate of a server.
func (s *Store) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	set := s.current().find(hello.ServerName)
	if set == nil {
		return nil, errNoCertificate
	}
	if len(set.certs) > 1 {
		// The name has been dealt with; asked with one that the first certificate
		// does not have, SupportsCertificate would refuse them all.
		unnamed := *hello
		unnamed.ServerName = ""
		for _, cert := range set.certs {
			if unnamed.SupportsCertificate(cert) == nil {
				return cert, nil
			}
		}
	}
	return set.certs[0], nil
}

// find returns the set that serves name, or nil when there are none at all.
func (t *table) find(name string) *set {
	if found := t.bearing(canonical(name)); found != nil {
		return found
	}
	return t.fallback
}

// good reports whether a certificate that is valid now bears a name.
func (t *table) good(name string) bool {
	found, now := t.bearing(canonical(name)), time.Now()
	return found != nil && slices.ContainsFunc(found.certs, func(c *tls.Certificate) bool { return valid(c, now) })
}

// bearing returns the set of certificates that bear a name; nil: none does.
func (t *table) bearing(name string) *set {
	if found := t.exact[name]; found != nil {
		return found
	}
	if first, parent, ok := strings.Cut(name, "."); ok && first != "" {
		return t.wild[parent]
	}
	return nil
}
