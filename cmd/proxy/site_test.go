package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sterling/internal/admin"
	proxytls "sterling/tls"
)

// deadline is how long a test waits for what should come at once.
const deadline = 30 * time.Second

// eventually polls until done reports true.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("timeout: %s", what)
		}
	}
}

// site is a configuration file in a folder of its own, with one backend that
// answers with its name, and perhaps a process that runs it.
type site struct {
	world
	dir    string
	file   string
	socket string
	code   chan int
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{dir: t.TempDir()}
	s.file = filepath.Join(s.dir, "sterling.toml")
	s.socket = "unix:" + filepath.Join(s.dir, "admin.sock")
	cert, key, err := proxytls.SelfSigned([]string{"localhost", "127.0.0.1"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, "cert.pem", string(cert))
	s.put(t, "key.pem", string(key))
	s.configure(t, "first", "")
	return s
}

func (s *site) put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// configure writes a file whose one backend answers with name, and to which
// more is added.
func (s *site) configure(t *testing.T, name, more string) {
	t.Helper()
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, name)
	}))
	t.Cleanup(backend.Close)
	s.put(t, "sterling.toml", fmt.Sprintf(`
[log]
output = "process.log"
format = "json"
[access_log]
output = "access.log"
[admin]
address = %q
[shutdown]
idle_grace = "10ms"
[[tls.certificate]]
cert = "cert.pem"
key = "key.pem"
[[listener]]
name = "front"
address = "127.0.0.1:0"
protocol = "https"
[[route]]
name = "all"
pool = "app"
[[pool]]
name = "app"
[pool.affinity]
by = "cookie"
[[pool.backend]]
name = %q
url = %q
%s`, s.socket, name, backend.URL, more))
}

// run starts the process and waits until it is ready.
func (s *site) run(t *testing.T) *admin.Client {
	t.Helper()
	s.code = make(chan int, 1)
	go func() { s.code <- run([]string{"run", "-c", s.file}, s.env()) }()
	t.Cleanup(func() {
		if s.code != nil {
			s.end(t, os.Interrupt)
		}
	})
	client, err := admin.NewClient(s.socket, "")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the process is not ready: "+s.stderr.String(), func() bool { return client.Ready(t.Context()) == nil })
	return client
}

// end sends a signal and returns the exit code.
func (s *site) end(t *testing.T, signal os.Signal) int {
	t.Helper()
	s.send(signal)
	select {
	case code := <-s.code:
		s.code = nil
		return code
	case <-time.After(deadline):
		t.Fatal("the process did not end")
		return 0
	}
}

// get asks the front door and returns the body.
func (s *site) get(t *testing.T, client *admin.Client) string {
	t.Helper()
	status, err := client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	resp, err := httpClient(t, s.dir).Get("https://" + status.Listeners[0].Address + "/")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// httpClient trusts the certificate in dir.
func httpClient(t *testing.T, dir string) *http.Client {
	t.Helper()
	cert, err := os.ReadFile(filepath.Join(dir, "cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cert)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true, ForceAttemptHTTP2: true}
	return &http.Client{Transport: transport, Timeout: deadline}
}

// logged is what the process log says so far.
func (s *site) logged() string {
	text, _ := os.ReadFile(filepath.Join(s.dir, "process.log")) // not there yet: nothing said
	return string(text)
}

func (s *site) waitLog(t *testing.T, part string) {
	t.Helper()
	eventually(t, "the log does not say "+part, func() bool { return strings.Contains(s.logged(), part) })
}
