package tls

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// authority is a CA of a test, and the folder that its files are written to.
type authority struct {
	t    testing.TB
	dir  string
	cert *x509.Certificate
	key  crypto.Signer
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir(), key: newECDSA(t)}
	template := &x509.Certificate{Subject: pkix.Name{CommonName: "test root"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	a.cert = a.sign(template, a.key, nil)
	return a
}

// under returns an intermediate authority.
func (a *authority) under(name string) *authority {
	a.t.Helper()
	sub := &authority{t: a.t, dir: a.dir, key: newECDSA(a.t)}
	template := &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	sub.cert = a.sign(template, sub.key, a.cert)
	return sub
}

// sign completes the template; a nil parent means self-signed.
func (a *authority) sign(template *x509.Certificate, key crypto.Signer, parent *x509.Certificate) *x509.Certificate {
	a.t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		a.t.Fatal(err)
	}
	if template.SerialNumber == nil {
		template.SerialNumber = serial
	}
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert
}

// pair issues a certificate and writes it and its key as NAME.pem and NAME.key.
func (a *authority) pair(name string, key crypto.Signer, change func(*x509.Certificate)) Pair {
	a.t.Helper()
	template := &x509.Certificate{Subject: pkix.Name{CommonName: name}, KeyUsage: x509.KeyUsageDigitalSignature}
	change(template)
	cert := a.sign(template, key, a.cert)
	return Pair{
		Cert: a.write(name+".pem", encodeCertificate(cert.Raw)),
		Key:  a.write(name+".key", encodeKey(a.t, key)),
	}
}

// host is pair with an ECDSA key for these names.
func (a *authority) host(file string, names ...string) Pair {
	a.t.Helper()
	return a.pair(file, newECDSA(a.t), forNames(names...))
}

func (a *authority) write(name string, content ...[]byte) string {
	a.t.Helper()
	path := filepath.Join(a.dir, name)
	var all []byte
	for _, c := range content {
		all = append(all, c...)
	}
	if err := os.WriteFile(path, all, 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func forNames(names ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		for _, name := range names {
			if ip := net.ParseIP(name); ip != nil {
				c.IPAddresses = append(c.IPAddresses, ip)
				continue
			}
			c.DNSNames = append(c.DNSNames, name)
		}
	}
}

func encodeKey(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func newECDSA(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newEd25519(t testing.TB) crypto.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// newRSA makes one key for all tests: it takes long.
var newRSA = sync.OnceValue(func() crypto.Signer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func load(t testing.TB, pairs ...Pair) *Store {
	t.Helper()
	s, faults := Load(pairs)
	for _, f := range faults {
		t.Error(f)
	}
	if s == nil {
		t.FailNow()
	}
	return s
}

// handshake connects the two over loopback and returns what each saw.
func handshake(t *testing.T, server, client *tls.Config) (state tls.ConnectionState, clientErr, serverErr error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	done := make(chan error, 1)
	go func() {
		nc, err := ln.Accept()
		if err != nil {
			done <- err
			return
		}
		defer func() { _ = nc.Close() }()
		_ = nc.SetDeadline(time.Now().Add(10 * time.Second))
		sc := tls.Server(nc, server)
		err = sc.Handshake()
		if err == nil {
			// One byte, so that the client reads the session tickets first.
			_, err = sc.Write([]byte{1})
		}
		done <- err
	}()
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = nc.Close() }()
	_ = nc.SetDeadline(time.Now().Add(10 * time.Second))
	cc := tls.Client(nc, client)
	clientErr = cc.Handshake()
	if clientErr == nil {
		_, clientErr = cc.Read(make([]byte, 1))
	}
	state = cc.ConnectionState()
	if clientErr != nil {
		_ = nc.Close()
	}
	return state, clientErr, <-done
}
