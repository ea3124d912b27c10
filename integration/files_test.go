package integration

import (
	"crypto/tls"
	"os"
	"testing"

	"sterling/internal/proxytest"
)

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func serverTLS(ca *proxytest.CA, hosts ...string) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{ca.Certificate(hosts...)}, MinVersion: tls.VersionTLS12}
}
