package acme

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"
)

// parse reads what autocert writes: a key and a chain in one PEM file.
func parse(data []byte) (*tls.Certificate, error) {
	cert, err := tls.X509KeyPair(data, data)
	if err != nil {
		return nil, err
	}
	return &cert, nil
}

// readCertificate returns the stored certificate of a name.
func readCertificate(ctx context.Context, s Storage, name string) (*tls.Certificate, error) {
	data, err := s.Get(ctx, certificateKey+name+".pem")
	if err != nil {
		return nil, err
	}
	cert, err := parse(data)
	if err == nil {
		err = cert.Leaf.VerifyHostname(name)
	}
	if err != nil {
		return nil, fmt.Errorf("the stored certificate of %s is damaged: %w", name, err)
	}
	return cert, nil
}

// renewal is when a certificate is to be ordered anew: a third of its life
// before it ends, however long that is.
func renewal(cert *tls.Certificate) time.Time {
	leaf := cert.Leaf
	return leaf.NotAfter.Add(-leaf.NotAfter.Sub(leaf.NotBefore) / 3)
}

func newer(a, b *tls.Certificate) bool {
	return b == nil || a != nil && a.Leaf.NotBefore.After(b.Leaf.NotBefore)
}
