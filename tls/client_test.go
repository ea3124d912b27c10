package tls

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func clientConfig(t *testing.T, o ClientOptions) *tls.Config {
	t.Helper()
	c, err := ClientConfig(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestBackendsAreVerified(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	server := load(t, ca.host("backend", "backend.example", "127.0.0.1")).ServerConfig(Options{})
	trusted := ca.write("ca.pem", encodeCertificate(stranger.cert.Raw), encodeCertificate(ca.cert.Raw))
	other := ca.write("other.pem", encodeCertificate(stranger.cert.Raw))

	var wrongName x509.HostnameError
	var unknown x509.UnknownAuthorityError
	for _, tt := range []struct {
		name string
		o    ClientOptions
		want any // target of errors.As; nil: good
	}{
		{"right", ClientOptions{CA: trusted, ServerName: "backend.example"}, nil},
		{"by address", ClientOptions{CA: trusted, ServerName: "127.0.0.1"}, nil},
		{"wrong name", ClientOptions{CA: trusted, ServerName: "other.example"}, &wrongName},
		{"unknown CA", ClientOptions{CA: other, ServerName: "backend.example"}, &unknown},
		{"the system's CAs", ClientOptions{ServerName: "backend.example"}, &unknown},
	} {
		config := clientConfig(t, tt.o)
		if config.InsecureSkipVerify || config.MinVersion < tls.VersionTLS12 {
			t.Errorf("%s: skip %v, from %x", tt.name, config.InsecureSkipVerify, config.MinVersion)
		}
		_, err, _ := handshake(t, server, config)
		if tt.want == nil && err != nil || tt.want != nil && !errors.As(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	// Nobody filled in a name: better no connection than an unverified one.
	if _, err, _ := handshake(t, server, clientConfig(t, ClientOptions{CA: trusted})); err == nil {
		t.Error("no name: connected")
	}
}

func TestOldBackendsAreRefused(t *testing.T) {
	ca := newAuthority(t)
	server := load(t, ca.host("backend", "backend.example")).ServerConfig(Options{})
	server.MinVersion, server.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	config := clientConfig(t, ClientOptions{CA: ca.write("ca.pem", encodeCertificate(ca.cert.Raw)), ServerName: "backend.example"})
	if _, err, _ := handshake(t, server, config); err == nil {
		t.Error("connected by TLS 1.1")
	}
}

func TestClientCertificate(t *testing.T) {
	ca := newAuthority(t)
	server := load(t, ca.host("backend", "backend.example")).ServerConfig(Options{})
	server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, ca.pool()
	o := ClientOptions{CA: ca.write("ca.pem", encodeCertificate(ca.cert.Raw)), ServerName: "backend.example"}
	if _, err, serverErr := handshake(t, server, clientConfig(t, o)); err == nil || serverErr == nil {
		t.Error("connected without a certificate")
	}
	// A client's certificate names no host.
	us := ca.pair("front door", newECDSA(t), func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })
	o.Cert, o.Key = us.Cert, us.Key
	if _, err, serverErr := handshake(t, server, clientConfig(t, o)); err != nil || serverErr != nil {
		t.Errorf("client %v, server %v", err, serverErr)
	}
}

func TestClientFaults(t *testing.T) {
	ca := newAuthority(t)
	a, b := ca.host("a", "a.example"), ca.host("b", "b.example")
	missing := filepath.Join(ca.dir, "missing")
	for _, tt := range []struct {
		o    ClientOptions
		want []string
	}{
		{ClientOptions{CA: missing}, []string{missing}},
		{ClientOptions{CA: a.Key}, []string{a.Key, "no certificate"}},
		{ClientOptions{CA: ca.write("broken", encodeCertificate(ca.cert.Raw), encodeCertificate([]byte("x")))}, []string{"broken", "certificate 2"}},
		{ClientOptions{Cert: a.Cert}, []string{a.Cert, "has no key"}},
		{ClientOptions{Key: a.Key}, []string{a.Key, "has no certificate"}},
		{ClientOptions{Cert: a.Cert, Key: b.Key}, []string{a.Cert, b.Key, "does not match"}},
		{ClientOptions{CA: missing, Cert: a.Cert}, []string{missing, "has no key"}},
	} {
		_, err := ClientConfig(tt.o)
		if err == nil {
			t.Errorf("%+v: no error", tt.o)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: %q lacks %q", tt.o, err, want)
			}
		}
	}
}
