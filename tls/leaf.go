package tls

import (
	"crypto/x509"
	"fmt"
	"slices"
	"time"
)

// Leaf describes a certificate that is served. It belongs to the caller.
type Leaf struct {
	Names     []string // DNS names and addresses, as the certificate has them, in lower case
	Issuer    string
	Algorithm string // of its key: RSA, ECDSA or Ed25519
	NotBefore time.Time
	NotAfter  time.Time
	Managed   bool // it is renewed by the door itself
}

func describe(cert *x509.Certificate) Leaf {
	l := Leaf{
		Issuer:    cert.Issuer.String(),
		Algorithm: cert.PublicKeyAlgorithm.String(),
		NotBefore: cert.NotBefore,
		NotAfter:  cert.NotAfter,
	}
	for _, name := range cert.DNSNames {
		l.Names = append(l.Names, canonical(name))
	}
	for _, ip := range cert.IPAddresses {
		l.Names = append(l.Names, ip.String())
	}
	return l
}

// Warning says what is wrong with serving the certificate at that time: it has
// expired or is not valid yet. "" when nothing is. It is served all the same;
// an old certificate that some clients accept is better than a closed door.
func (l Leaf) Warning(now time.Time) string {
	switch {
	case now.After(l.NotAfter):
		return "expired on " + l.NotAfter.UTC().Format(time.RFC3339)
	case now.Before(l.NotBefore):
		return "not valid before " + l.NotBefore.UTC().Format(time.RFC3339)
	}
	return ""
}

// String returns the names and the end of the certificate.
func (l Leaf) String() string {
	return fmt.Sprintf("%q until %s", l.Names, l.NotAfter.UTC().Format(time.RFC3339))
}

func (l Leaf) clone() Leaf {
	l.Names = slices.Clone(l.Names)
	return l
}
