package proxy

import (
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/quic-go/quic-go/http3"

	"sterling/internal/proxytest"
)

// person is a visitor of door.example who has a certificate.
func person(t *testing.T, m mode, cert tls.Certificate) *http.Client {
	t.Helper()
	c := m.client(t)
	var secure *tls.Config
	switch transport := c.Transport.(type) {
	case *http.Transport:
		secure = transport.TLSClientConfig
	case *http3.Transport:
		secure = transport.TLSClientConfig
	}
	secure.ServerName, secure.Certificates = "door.example", []tls.Certificate{cert}
	return c
}

// asks is the status that a person gets for door.example; 0: there is no
// connection.
func (r *running) asks(c *http.Client, m mode) int {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.url(m), nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Host = "door.example"
	res, err := c.Do(req)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, res.Body) // so that the connection is used again
	_ = res.Body.Close()
	return res.StatusCode
}

func (r *running) file(name string, data []byte) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), data, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func policyFor(certificate, more string) string {
	return "[[tls.client]]\nhosts = [\"door.example\"]\ncertificate = \"" + certificate + "\"\n" + more
}

// A route and the policy of its host come into force in one moment, or there are
// requests between the two that nobody was asked for.
func TestPoliciesOfClientsComeWithTheSnapshot(t *testing.T) {
	one := named(t, "one")
	r := start(t, appPool(one.URL))
	r.file("staff.pem", proxytest.NewCA(t).PEM())
	if got := r.asks(modes[0].client(t), modes[0]); got != http.StatusOK {
		t.Fatal(got)
	}
	cfg := r.parse(preamble + policyFor("required", "ca = \"staff.pem\"\n") + appPool(one.URL))
	next, err := r.build(compile(cfg), 2)
	if err != nil {
		t.Fatal(err)
	}
	next.pools.Start()
	old := r.snapshot.Swap(next)
	defer old.pools.Retire()
	for _, m := range modes {
		want := 0 // there is no connection
		if !m.tls {
			want = http.StatusForbidden
		}
		if got := r.asks(person(t, m, tls.Certificate{}), m); got != want {
			t.Errorf("%s: %d, want %d", m.name, got, want)
		}
	}
}

func TestOpenConnectionsAreHeldToANewPolicy(t *testing.T) {
	people, others := proxytest.NewCA(t), proxytest.NewCA(t)
	ann := people.Certificate("ann")
	inAllModes(t, func(t *testing.T, m mode) {
		if !m.tls {
			return // there are no certificates
		}
		one := named(t, "one")
		r := start(t, appPool(one.URL))
		r.file("staff.pem", people.PEM())
		r.file("others.pem", others.PEM())
		r.file("none.crl", people.Revoke())
		r.file("ann.crl", people.Revoke(ann))
		reload := func(certificate, more string) {
			t.Helper()
			if _, err := r.Reload(r.parse(preamble + policyFor(certificate, more) + appPool(one.URL))); err != nil {
				t.Fatal(err)
			}
		}
		const first = "ca = \"staff.pem\"\n"
		for _, step := range []struct {
			certificate, more string
			want              int
		}{
			{"required", first, 200},
			{"required", "ca = \"others.pem\"\n", 421},
			{"optional", "ca = \"others.pem\"\n", 421},
			{"ask", "", 421},
			{"none", "", 421},
			{"optional", "ca = \"staff.pem\"\n", 200},
			{"required", "ca = \"staff.pem\"\ncrl = [\"none.crl\"]\n", 200},
			{"required", "ca = \"staff.pem\"\ncrl = [\"ann.crl\"]\n", 421},
		} {
			c := person(t, m, ann)
			reload("required", first)
			if got := r.asks(c, m); got != 200 {
				t.Fatal(got)
			}
			reload(step.certificate, step.more)
			if got := r.asks(c, m); got != step.want {
				t.Errorf("%s, %q: %d, want %d", step.certificate, step.more, got, step.want)
			}
		}
	})
}
