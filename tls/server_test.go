package tls

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
	"testing"
)

func TestHandshakes(t *testing.T) {
	ca := newAuthority(t)
	s := load(t, ca.host("a", "a.example"), ca.host("wild", "*.example.org"))
	server := s.ServerConfig(Options{})
	for name, want := range map[string]string{"a.example": "a", "x.example.org": "wild"} {
		state, err, serverErr := handshake(t, server, &tls.Config{RootCAs: ca.pool(), ServerName: name, NextProtos: []string{"h2", "http/1.1"}})
		if err != nil || serverErr != nil {
			t.Fatalf("%s: %v, %v", name, err, serverErr)
		}
		if got := state.PeerCertificates[0].Subject.CommonName; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		if state.Version != tls.VersionTLS13 || state.NegotiatedProtocol != "h2" {
			t.Errorf("%s: version %x, protocol %q", name, state.Version, state.NegotiatedProtocol)
		}
	}
	state, err, _ := handshake(t, server, &tls.Config{RootCAs: ca.pool(), ServerName: "a.example", NextProtos: []string{"http/1.1"}})
	if err != nil || state.NegotiatedProtocol != "http/1.1" {
		t.Errorf("protocol %q, %v", state.NegotiatedProtocol, err)
	}
}

func TestVersions(t *testing.T) {
	ca := newAuthority(t)
	s := load(t, ca.host("a", "a.example"))
	for _, tt := range []struct {
		server, client uint16
		good           bool
	}{
		{0, tls.VersionTLS10, false},
		{0, tls.VersionTLS11, false},
		{tls.VersionTLS10, tls.VersionTLS11, false},
		{0, tls.VersionTLS12, true},
		{0, tls.VersionTLS13, true},
		{tls.VersionTLS13, tls.VersionTLS12, false},
		{tls.VersionTLS13, tls.VersionTLS13, true},
	} {
		client := &tls.Config{RootCAs: ca.pool(), ServerName: "a.example", MinVersion: tt.client, MaxVersion: tt.client}
		server := s.ServerConfig(Options{MinVersion: tt.server})
		if server.MinVersion < tls.VersionTLS12 {
			t.Errorf("server from %x: accepts %x", tt.server, server.MinVersion)
		}
		state, err, _ := handshake(t, server, client)
		if (err == nil) != tt.good {
			t.Errorf("server from %x, client %x: %v", tt.server, tt.client, err)
		}
		if err == nil && state.Version != tt.client {
			t.Errorf("version %x, want %x", state.Version, tt.client)
		}
	}
}

func TestOldSuitesAreRefused(t *testing.T) {
	ca := newAuthority(t)
	s := load(t, ca.pair("rsa", newRSA(), func(c *x509.Certificate) {
		c.DNSNames = []string{"a.example"}
		c.KeyUsage |= x509.KeyUsageKeyEncipherment
	}))
	for suite, good := range map[uint16]bool{
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256:       true,
		tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384:       true,
		tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA:          false,
		tls.TLS_RSA_WITH_AES_128_GCM_SHA256:             false,
		tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA:          false,
		tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: true,
	} {
		client := &tls.Config{RootCAs: ca.pool(), ServerName: "a.example", MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite}}
		if _, err, _ := handshake(t, s.ServerConfig(Options{}), client); (err == nil) != good {
			t.Errorf("%s: %v", tls.CipherSuiteName(suite), err)
		}
	}
}

func TestChoiceByKeyType(t *testing.T) {
	ca := newAuthority(t)
	rsa := ca.pair("rsa", newRSA(), forNames("a.example"))
	ecdsa := ca.host("ecdsa", "a.example")
	wildRSA, wildECDSA := ca.pair("wild-rsa", newRSA(), forNames("*.a.example")), ca.host("wild-ecdsa", "*.a.example")
	second := ca.host("second", "a.example")
	ed := ca.pair("ed25519", newEd25519(t), forNames("a.example"))
	onlyRSA := []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
	onlyECDSA := []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
	for _, tt := range []struct {
		name   string
		pairs  []Pair
		suites []uint16
		sni    string
		want   string // "": no handshake
	}{
		{"both, client of today", []Pair{rsa, ecdsa}, nil, "a.example", "ecdsa"},
		{"both, client without ECDSA", []Pair{rsa, ecdsa}, onlyRSA, "a.example", "rsa"},
		{"both, the other way round", []Pair{ecdsa, rsa}, onlyRSA, "a.example", "rsa"},
		{"both, client without RSA", []Pair{rsa, ecdsa}, onlyECDSA, "a.example", "ecdsa"},
		{"both, unknown name, without ECDSA", []Pair{ecdsa, rsa}, onlyRSA, "unknown.example", "rsa"},
		{"both for a wildcard, unknown name, without ECDSA", []Pair{wildECDSA, wildRSA}, onlyRSA, "unknown.example", "wild-rsa"},
		{"two of one type", []Pair{second, ecdsa}, nil, "a.example", "second"},
		{"three types", []Pair{rsa, ed, ecdsa}, onlyRSA, "a.example", "rsa"},
		{"only ECDSA, client without", []Pair{ecdsa}, onlyRSA, "a.example", ""},
	} {
		client := &tls.Config{ServerName: tt.sni, CipherSuites: tt.suites}
		// The name is not under test here, the certificate is.
		client.InsecureSkipVerify = true
		if tt.suites != nil {
			client.MaxVersion = tls.VersionTLS12
		}
		state, err, _ := handshake(t, load(t, tt.pairs...).ServerConfig(Options{}), client)
		got := ""
		if err == nil {
			got = state.PeerCertificates[0].Subject.CommonName
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q (%v)", tt.name, got, tt.want, err)
		}
	}
}

// A reload changes the certificate under a configuration that is in use.
func TestReplaceReachesAServerThatRuns(t *testing.T) {
	ca := newAuthority(t)
	s := load(t, ca.host("old", "a.example"))
	server := s.ServerConfig(Options{})
	client := &tls.Config{RootCAs: ca.pool(), ServerName: "a.example"}
	var got []string
	for range 2 {
		state, err, _ := handshake(t, server, client)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, state.PeerCertificates[0].Subject.CommonName)
		s.Replace(load(t, ca.host("new", "a.example")))
	}
	if !slices.Equal(got, []string{"old", "new"}) {
		t.Errorf("got %q", got)
	}
}

func TestSessionsResume(t *testing.T) {
	ca := newAuthority(t)
	server := load(t, ca.host("a", "a.example")).ServerConfig(Options{})
	client := &tls.Config{RootCAs: ca.pool(), ServerName: "a.example", ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	for i := range 2 {
		state, err, _ := handshake(t, server, client)
		if err != nil || state.DidResume != (i == 1) {
			t.Errorf("handshake %d: resumed %v, %v", i, state.DidResume, err)
		}
	}
}

func TestHandshakeWithoutCertificates(t *testing.T) {
	_, err, serverErr := handshake(t, load(t).ServerConfig(Options{}), &tls.Config{ServerName: "a.example"})
	if err == nil || serverErr == nil {
		t.Errorf("client %v, server %v", err, serverErr)
	}
}
