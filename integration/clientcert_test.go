package integration

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quic-go/quic-go/http3"

	"sterling/internal/proxytest"
)

// telling is a backend that answers with the headers about certificates.
func telling(t *testing.T) *proxytest.Counter {
	return proxytest.NewCounter(t, "app", func(w http.ResponseWriter, r *http.Request) {
		var b strings.Builder
		for name, values := range r.Header {
			folded := strings.ReplaceAll(strings.ToLower(name), "_", "-")
			if strings.HasPrefix(folded, "x-ssl") || strings.HasPrefix(folded, "client-cert") || strings.HasPrefix(folded, "ssl-client") {
				fmt.Fprintf(&b, "%s=%.40s\n", name, strings.Join(values, "|"))
			}
		}
		_, _ = io.WriteString(w, b.String())
	})
}

func TestClientCertificates(t *testing.T) {
	t.Parallel()
	dir := proxytest.ShortDir(t)
	people, strangers := proxytest.NewCA(t), proxytest.NewCA(t)
	ann, bob, eve := people.Certificate("ann"), people.Certificate("bob"), strangers.Certificate("eve")
	if err := os.WriteFile(filepath.Join(dir, "staff.pem"), people.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	revoke := func(list []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "staff.crl"), list, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	revoke(people.Revoke())
	app := telling(t)
	p := proxytest.Start(t, proxytest.Options{Dir: dir, Config: `
[tls]
watch = "100ms"
[[tls.client]]
hosts = ["admin.example.org"]
certificate = "required"
ca = "staff.pem"
crl = ["staff.crl"]
[[tls.client]]
hosts = ["maybe.example.org"]
certificate = "optional"
ca = "staff.pem"
[[route]]
paths = ["/only/"]
client_verified = true
pool = "app"
` + proxytest.Pool("app", app.Addr)})

	// ask sends a request for host over a connection for sni, with forged headers.
	ask := func(t *testing.T, listener, sni, host, path string, cert *tls.Certificate, m mode) (int, string) {
		t.Helper()
		config := &tls.Config{ServerName: sni, RootCAs: p.CA.Pool(), MinVersion: tls.VersionTLS12}
		if cert != nil {
			config.Certificates = []tls.Certificate{*cert}
		}
		var tr http.RoundTripper
		if m.h3 {
			config.MinVersion = tls.VersionTLS13
			quick := &http3.Transport{TLSClientConfig: config}
			defer func() { _ = quick.Close() }()
			tr = quick
		} else {
			stream := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: m.h2}
			defer stream.CloseIdleConnections()
			tr = stream
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL(listener)+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		for _, name := range []string{"X-SSL-Client-Verify", "X-SSL-Client-Subject", "Client-Cert", "X_SSL_Client_Verify", "x-ssl.client.verify", "SSL-Client-Verify", "X-SSL-Cipher"} {
			req.Header[name] = []string{"forged"}
		}
		res, err := tr.RoundTrip(req)
		if err != nil {
			return 0, err.Error()
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(body), "forged") {
			t.Errorf("a forged header has come through: %s", body)
		}
		return res.StatusCode, string(body)
	}
	for _, m := range modes[1:] {
		for _, c := range []struct {
			name, sni, host, path string
			cert                  *tls.Certificate
			status                int // 0: there is no connection
			told                  string
		}{
			{"open", "www.example.org", "www.example.org", "/", nil, 200, ""},
			{"open, shown all the same", "www.example.org", "www.example.org", "/", &ann, 200, ""},
			{"required", "admin.example.org", "admin.example.org", "/", &ann, 200, "X-Ssl-Client-Verify=SUCCESS"},
			{"required, none", "admin.example.org", "admin.example.org", "/", nil, 0, ""},
			{"required, a stranger's", "admin.example.org", "admin.example.org", "/", &eve, 0, ""},
			{"P2: past the policy", "www.example.org", "admin.example.org", "/", &ann, 421, ""},
			{"P2: by the optional one", "maybe.example.org", "admin.example.org", "/", &ann, 421, ""},
			{"P2: without a name", "", "admin.example.org", "/", &ann, 421, ""},
			{"optional, none", "maybe.example.org", "maybe.example.org", "/", nil, 200, "X-Ssl-Client-Verify=NONE"},
			{"optional", "maybe.example.org", "maybe.example.org", "/", &ann, 200, "X-Ssl-Client-Verify=SUCCESS"},
			{"optional, a stranger's", "maybe.example.org", "maybe.example.org", "/", &eve, 0, ""},
			{"route", "maybe.example.org", "maybe.example.org", "/only/x", &ann, 200, "X-Ssl-Client-Verify=SUCCESS"},
			{"route, none", "maybe.example.org", "maybe.example.org", "/only/x", nil, 403, ""},
			{"route, open host", "www.example.org", "www.example.org", "/only/x", nil, 403, ""},
		} {
			t.Run(c.name+" over "+m.name, func(t *testing.T) {
				status, body := ask(t, "front", c.sni, c.host, c.path, c.cert, m)
				if status != c.status || !strings.Contains(body, c.told) || c.status == 200 && c.told == "" && body != "" {
					t.Errorf("%d, want %d: %s", status, c.status, body)
				}
				if c.told == "X-Ssl-Client-Verify=SUCCESS" && (!strings.Contains(body, "X-Ssl-Client-Subject=CN=") || !strings.Contains(body, "Client-Cert=:MII")) {
					t.Errorf("told: %s", body)
				}
			})
		}
	}
	// F8, and the plain door beside the locked one.
	if status, body := ask(t, "plain", "", "www.example.org", "/", nil, modes[0]); status != 200 || body != "" {
		t.Errorf("plain: %d %s", status, body)
	}
	for _, path := range []string{"/", "/only/x"} {
		if status, body := ask(t, "plain", "", "admin.example.org", path, nil, modes[0]); status != 403 {
			t.Errorf("plain admin: %d %s", status, body)
		}
	}
	proxytest.Eventually(t, "the log to name ann 12 times, and to have 8 without a certificate", func() bool {
		named, missing := 0, 0
		for _, l := range p.Lines() {
			if l.ClientCert == "CN=ann" {
				named++
			}
			if l.End == "certificate_missing" {
				missing++
			}
		}
		return named == 12 && missing == 8
	})

	t.Run("revoked", func(t *testing.T) {
		revoke(people.Revoke(bob, ann))
		proxytest.Eventually(t, "the list to be taken up", func() bool {
			status, _ := ask(t, "front", "admin.example.org", "admin.example.org", "/", &ann, modes[1])
			return status == 0
		})
		if status, body := ask(t, "front", "admin.example.org", "admin.example.org", "/", &ann, modes[3]); status != 0 {
			t.Errorf("over HTTP/3: %d %s", status, body)
		}
		revoke(people.Revoke(bob))
		proxytest.Eventually(t, "the next list to be taken up", func() bool {
			status, _ := ask(t, "front", "admin.example.org", "admin.example.org", "/", &ann, modes[1])
			return status == 200
		})
		revoke(strangers.Revoke(bob)) // signed by somebody else: it stays out
		proxytest.Eventually(t, "the reason", func() bool { return strings.Contains(p.Log(), "none of the authorities in ca has signed it") })
		if status, body := ask(t, "front", "admin.example.org", "admin.example.org", "/", &bob, modes[1]); status != 0 {
			t.Errorf("%d %s", status, body)
		}
	})
}
