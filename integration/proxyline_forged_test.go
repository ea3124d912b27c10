package integration

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"sterling/internal/proxytest"
)

// asAProxy is what a client may say of himself, in the place of a proxy.
const asAProxy = "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Host: evil.example.org\r\nRemote-User: root\r\n" +
	"X-SSL-Client-Verify: SUCCESS\r\nX-SSL-Client-Subject: CN=root\r\n"

// With HTTP/2 and HTTP/3 headers come on another way.
func TestOtherProtocolsBehindABalancerForgeNothingEither(t *testing.T) {
	t.Parallel()
	app := forwardedTo(t)
	p := proxytest.Start(t, proxytest.Options{
		Config:   proxytest.Pool("app", app.Addr),
		Listener: "proxy_protocol = \"optional\"\ntrusted_proxies = [\"127.0.0.1\", \"127.0.0.3\"]",
	})
	over2 := func(line string) *http.Transport {
		tr := &http.Transport{
			TLSClientConfig: &tls.Config{ServerName: "localhost", RootCAs: p.CA.Pool(), MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
			DialContext: func(context.Context, string, string) (net.Conn, error) {
				return from(t, "127.0.0.1", p.Addr("front"), line), nil
			},
		}
		t.Cleanup(tr.CloseIdleConnections)
		return tr
	}
	for _, c := range []struct {
		name  string
		over  http.RoundTripper
		major int
		told  string
	}{
		{"HTTP/2, no line", over2(""), 2, "127.0.0.1 127.0.0.1"},
		{"HTTP/2, unknown", over2("PROXY UNKNOWN\r\n"), 2, "127.0.0.1 127.0.0.1"},
		{"HTTP/2, a client", over2(proxyLine(2, "192.0.2.7:4321")), 2, "192.0.2.7 192.0.2.7"},
		{"HTTP/2, a proxy", over2(proxyLine(2, "127.0.0.3:4321")), 2, "6.6.6.6, 127.0.0.3 6.6.6.6 root SUCCESS CN=root evil.example.org"},
		{"HTTP/3", over3(t, p), 3, "127.0.0.1 127.0.0.1"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL("front")+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(strings.TrimSpace(asAProxy), "\r\n") {
			name, value, _ := strings.Cut(line, ": ")
			req.Header.Set(name, value)
		}
		res, err := c.over.RoundTrip(req)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if string(body) != c.told || res.ProtoMajor != c.major {
			t.Errorf("%s: %s %q, want %q", c.name, res.Proto, body, c.told)
		}
	}
}
