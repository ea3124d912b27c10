package proxytest

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestLeavesAreTrustedThroughTheirOwnCAOnly(t *testing.T) {
	ca, other := NewCA(t), NewCA(t)
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Certificate("localhost", "127.0.0.1")}}
	s.StartTLS()
	t.Cleanup(s.Close)
	dial := func(ca *CA, name string) error {
		c, err := tls.Dial("tcp", strings.TrimPrefix(s.URL, "https://"), &tls.Config{RootCAs: ca.Pool(), ServerName: name})
		if err == nil {
			err = c.Close()
		}
		return err
	}
	for _, name := range []string{"localhost", "127.0.0.1"} {
		if err := dial(ca, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if dial(ca, "example.org") == nil || dial(other, "localhost") == nil {
		t.Error("a wrong name or a foreign CA is accepted")
	}
}
