package headers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net/http"
	"testing"
)

func TestWhatABackendIsToldOfACertificate(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(0xabc), Subject: pkix.Name{CommonName: "Zoë\r\nX-Admin: 1", Organization: []string{"A, B"}}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	cert := ":" + base64.StdEncoding.EncodeToString(der) + ":"
	const name = `CN=Zo\C3\AB\0D\0AX-Admin: 1,O=A\, B`
	for _, tc := range []struct {
		given ClientCertificate
		want  map[string]string
	}{
		{ClientCertificate{}, map[string]string{"X-Ssl-Client-Verify": "NONE"}},
		{ClientCertificate{Leaf: leaf}, map[string]string{"X-Ssl-Client-Verify": "UNVERIFIED", "Client-Cert": cert}},
		{ClientCertificate{Leaf: leaf, Verified: true}, map[string]string{
			"X-Ssl-Client-Verify": "SUCCESS", "Client-Cert": cert, "X-Ssl-Client-Subject": name, "X-Ssl-Client-Issuer": name,
			"X-Ssl-Client-Serial": "abc", "X-Ssl-Client-Fingerprint": Fingerprint(leaf),
		}},
	} {
		h := http.Header{}
		for _, forged := range []string{"Client-Cert", "Client-Cert-Chain", "X-SSL-Client-Subject", "X-SSL-Client-Issuer", "X-SSL-Client-Serial", "X-SSL-Client-Fingerprint", "X-SSL-Client-Verify"} {
			h.Set(forged, "forged")
			if !Protected(forged) {
				t.Errorf("clients may send %s", forged)
			}
		}
		SetClientCertificate(h, tc.given)
		if len(h) != len(tc.want) {
			t.Errorf("%+v: %q", tc.given.Verified, h)
		}
		for name, want := range tc.want {
			if got := h.Get(name); got != want || len(h[name]) != 1 {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
}
