package proxy

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// resumes reports whether a handshake at the front listener resumes a session.
func (r *running) resumes(listener string, sessions tls.ClientSessionCache) bool {
	r.t.Helper()
	c, err := tls.Dial("tcp", r.Addr(listener).String(), &tls.Config{InsecureSkipVerify: true, ServerName: "localhost", ClientSessionCache: sessions}) //nolint:gosec,noctx // it is looked at
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Write([]byte("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")); err != nil {
		r.t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err != nil { // the ticket of TLS 1.3 comes before
		r.t.Fatal(err)
	}
	return c.ConnectionState().DidResume
}

func TestSessionsAreResumedAfterARestart(t *testing.T) {
	for _, listener := range []string{"front", "front-standard"} {
		t.Run(listener, func(t *testing.T) {
			toml := preamble + appPool(named(t, "one").URL)
			r := startWith(t, toml)
			sessions := tls.NewLRUClientSessionCache(1)
			if r.resumes(listener, sessions) {
				t.Fatal("a first handshake resumes")
			}
			r = r.again(toml)
			if !r.resumes(listener, sessions) {
				t.Error("after a restart no session is resumed")
			}
		})
	}
}

func TestWithoutAPlaceForTicketKeysThereAreOwnOnes(t *testing.T) {
	toml := strings.Replace(preamble+appPool(named(t, "one").URL), `by = "cookie"`, `by = "none"`, 1)
	r := startWith(t, toml)
	if err := os.RemoveAll(filepath.Join(r.dir, "state")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "state"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r = r.again(toml)
	sessions := tls.NewLRUClientSessionCache(1)
	if r.resumes("front", sessions) || !r.resumes("front", sessions) {
		t.Error("within one process a session is not resumed")
	}
	if !strings.Contains(r.log.String(), "TLS sessions are not resumed after a restart") {
		t.Error("it is not told")
	}
}
