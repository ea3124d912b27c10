package proxytest

import (
	"io"
	stdlog "log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
)

// Stock is the reverse proxy that the standard library gives away, with every
// default: what a test of the front door says of it shows that the test can
// fail. It returns the address of a plain HTTP server in front of backend.
func Stock(t testing.TB, backend string) string {
	t.Helper()
	u, err := url.Parse("http://" + backend)
	if err != nil {
		t.Fatalf("reading a backend's address: %v", err)
	}
	p := httputil.NewSingleHostReverseProxy(u)
	p.ErrorLog = stdlog.New(io.Discard, "", 0)
	s := httptest.NewUnstartedServer(http.HandlerFunc(p.ServeHTTP))
	s.Config.ErrorLog = p.ErrorLog
	s.Start()
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}
