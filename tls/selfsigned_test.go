package tls

import (
	"crypto/x509"
	"testing"
	"time"
)

func TestSelfSignedIsServedAndTrusted(t *testing.T) {
	ca := newAuthority(t)
	certPEM, keyPEM, err := SelfSigned([]string{"localhost", "*.Demo.example.", "127.0.0.1", "::1"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	p := Pair{ca.write("cert.pem", certPEM), ca.write("key.pem", keyPEM)}
	server := load(t, p).ServerConfig(Options{})
	for _, name := range []string{"localhost", "a.demo.example", "127.0.0.1", "::1"} {
		client := clientConfig(t, ClientOptions{CA: p.Cert, ServerName: name})
		if _, err, serverErr := handshake(t, server, client); err != nil || serverErr != nil {
			t.Errorf("%s: %v, %v", name, err, serverErr)
		}
	}
	chain, err := parseChain(certPEM)
	if err != nil {
		t.Fatal(err)
	}
	cert := chain[0]
	if cert.IsCA || cert.PublicKeyAlgorithm != x509.ECDSA {
		t.Errorf("CA %v, key %v", cert.IsCA, cert.PublicKeyAlgorithm)
	}
	if left := time.Until(cert.NotAfter); left > time.Hour || left < 50*time.Minute || time.Since(cert.NotBefore) < 50*time.Minute {
		t.Errorf("valid from %v to %v", cert.NotBefore, cert.NotAfter)
	}
}

func TestSelfSignedRefusesWhatItCannotName(t *testing.T) {
	for _, hosts := range [][]string{nil, {""}, {"a b"}, {"host:443"}, {"https://a"}, {"good.example", "."}, {"größe.example"}} {
		if _, _, err := SelfSigned(hosts, time.Hour); err == nil {
			t.Errorf("%q: no error", hosts)
		}
	}
	if _, _, err := SelfSigned([]string{"a.example"}, 0); err == nil {
		t.Error("a certificate of no time")
	}
}
