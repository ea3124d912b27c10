package acme

import (
	"bytes"
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

// floor is the least time between two orders of a name: a certificate that comes
// when a third of its life or less is left, by a wrong clock for one, would be
// ordered again at once, and for ever.
func floor(cert *tls.Certificate) time.Duration {
	life := cert.Leaf.NotAfter.Sub(cert.Leaf.NotBefore)
	return min(max(time.Hour, life/12), life/3)
}

// replaces reports whether a, which is stored, is to be served in the place of
// b. The storage is what processes share, and authorities round the times: so one
// that is as old counts, if it is another one.
func replaces(a, b *tls.Certificate) bool {
	return b == nil || !a.Leaf.NotBefore.Before(b.Leaf.NotBefore) && !bytes.Equal(a.Certificate[0], b.Certificate[0])
}
