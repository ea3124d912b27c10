package proxytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// CA is a certificate authority that nobody but its test trusts.
type CA struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// NewCA makes a CA for the time of a test.
func NewCA(t testing.TB) *CA {
	t.Helper()
	key := newKey(t)
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "proxytest CA"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatalf("making a CA: %v", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatalf("reading the CA just made: %v", err)
	}
	return &CA{t: t, cert: cert, key: key, pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// PEM is the CA's own certificate.
func (c *CA) PEM() []byte { return c.pem }

// Pool trusts this CA and nobody else.
func (c *CA) Pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(c.cert)
	return p
}

// Leaf returns certificate and key in PEM for hosts, names or addresses. It
// serves as a server's and as a client's.
func (c *CA) Leaf(hosts ...string) (cert, key []byte) {
	c.t.Helper()
	return c.LeafOf(newKey(c.t), hosts...)
}

// LeafOf is Leaf with a key of another kind.
func (c *CA) LeafOf(k crypto.Signer, hosts ...string) (cert, key []byte) {
	c.t.Helper()
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: hosts[0]},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(12 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			tmpl.IPAddresses = append(tmpl.IPAddresses, ip)
		} else {
			tmpl.DNSNames = append(tmpl.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, c.cert, k.Public(), c.key)
	if err != nil {
		c.t.Fatalf("making a leaf for %v: %v", hosts, err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		c.t.Fatalf("writing a key: %v", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}

// Certificate is a leaf in the form that crypto/tls takes.
func (c *CA) Certificate(hosts ...string) tls.Certificate {
	c.t.Helper()
	pair, err := tls.X509KeyPair(c.Leaf(hosts...))
	if err != nil {
		c.t.Fatalf("pairing a leaf with its key: %v", err)
	}
	return pair
}

// Revoke is a revocation list in PEM, of leaves of this CA.
func (c *CA) Revoke(leaves ...tls.Certificate) []byte {
	c.t.Helper()
	return c.RevokeUntil(time.Now().Add(48*time.Hour), leaves...)
}

// RevokeUntil is Revoke with another end. The list is two days long.
func (c *CA) RevokeUntil(end time.Time, leaves ...tls.Certificate) []byte {
	c.t.Helper()
	now := time.Now()
	list := &x509.RevocationList{Number: big.NewInt(now.UnixNano()), ThisUpdate: end.Add(-48 * time.Hour), NextUpdate: end}
	for _, l := range leaves {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: l.Leaf.SerialNumber, RevocationTime: now})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, c.cert, c.key)
	if err != nil {
		c.t.Fatalf("making a revocation list: %v", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
}

// Files writes a leaf as NAME.pem and NAME.key, and the CA as ca.pem, into dir.
func (c *CA) Files(dir, name string, hosts ...string) (cert, key string) {
	c.t.Helper()
	certPEM, keyPEM := c.Leaf(hosts...)
	cert, key = filepath.Join(dir, name+".pem"), filepath.Join(dir, name+".key")
	for path, data := range map[string][]byte{cert: certPEM, key: keyPEM, filepath.Join(dir, "ca.pem"): c.pem} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			c.t.Fatalf("writing a certificate: %v", err)
		}
	}
	return cert, key
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("making a key: %v", err)
	}
	return key
}
