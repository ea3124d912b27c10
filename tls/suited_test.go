package tls

import (
	"crypto/tls"
	"testing"
)

// What is said of suites is what comes of a handshake.
func TestCertificatesThatNoSuiteIsFor(t *testing.T) {
	ca := newAuthority(t)
	rsa, ecdsa := ca.pair("rsa", newRSA(), forNames("a.example")), ca.host("ecdsa", "a.example")
	ed, wild := ca.pair("ed25519", newEd25519(t), forNames("a.example")), ca.pair("wild", newRSA(), forNames("*.example", "b.example"))
	onlyRSA, onlyECDSA := []string{"ECDHE-RSA-AES128-GCM-SHA256"}, []string{"ECDHE-ECDSA-AES128-GCM-SHA256"}
	for _, tt := range []struct {
		name   string
		pairs  []Pair
		suites []string
		asked  string
		good   bool
	}{
		{"RSA for RSA", []Pair{rsa}, onlyRSA, "a.example", true},
		{"ECDSA for RSA", []Pair{rsa}, onlyECDSA, "a.example", false},
		{"RSA for ECDSA", []Pair{ecdsa}, onlyRSA, "a.example", false},
		{"ECDSA for Ed25519", []Pair{ed}, onlyECDSA, "a.example", true},
		{"RSA for Ed25519", []Pair{ed}, onlyRSA, "a.example", false},
		{"RSA for one of two", []Pair{ecdsa, rsa}, onlyRSA, "a.example", true},
		{"ECDSA for another name", []Pair{ecdsa, wild}, onlyECDSA, "b.example", false},
		{"ECDSA for a wildcard", []Pair{ecdsa, wild}, onlyECDSA, "c.example", false},
		{"all", []Pair{ecdsa, wild}, append(onlyRSA, onlyECDSA...), "c.example", true},
	} {
		s := load(t, tt.pairs...)
		client := &tls.Config{ServerName: tt.asked, InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}
		_, err, _ := handshake(t, s.ServerConfig(Options{Suites: tt.suites}), client)
		if said := len(s.Unsuited(tt.suites)) == 0; (err == nil) != tt.good || said != tt.good {
			t.Errorf("%s: %v, and said to be good: %v", tt.name, err, said)
		}
	}
}
