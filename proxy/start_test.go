package proxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"
	"github.com/rs/zerolog"

	"sterling/internal/config"
	proxytls "sterling/tls"
)

var certificateOnce = sync.OnceValues(func() ([2][]byte, error) {
	cert, key, err := proxytls.SelfSigned([]string{"localhost", "127.0.0.1", "door.example"}, time.Hour)
	return [2][]byte{cert, key}, err
})

func testCertificate(t testing.TB) (cert, key []byte) {
	t.Helper()
	pair, err := certificateOnce()
	if err != nil {
		t.Fatal(err)
	}
	return pair[0], pair[1]
}

// running is a front door under test, with a TLS and a plain listener.
type running struct {
	*Server
	t      testing.TB
	dir    string
	served chan error
	log    *logged // the process log
}

// logged is a log that can be read while it is written.
type logged struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

const preamble = `
[access_log]
output = "access.log"
[state]
dir = "state"
[[tls.certificate]]
cert = "cert.pem"
key  = "key.pem"
[[listener]]
name     = "front"
address  = "127.0.0.1:0"
protocol = "https"
http3    = true
[[listener]]
name     = "plain"
address  = "127.0.0.1:0"
protocol = "http"
[[listener]]
name     = "front-standard"
address  = "127.0.0.1:0"
protocol = "https"
engine   = "standard"
[[listener]]
name     = "plain-standard"
address  = "127.0.0.1:0"
protocol = "http"
engine   = "standard"
[shutdown]
idle_grace = "50ms"
timeout    = "5s"
[upgrade]
idle_grace = "50ms"
`

// pool is a pool "app" with cookie affinity and a route for everything.
func appPool(urls ...string) string {
	s := `
[[route]]
name = "all"
pool = "app"
[[pool]]
name = "app"
policy = "round_robin"
[pool.affinity]
by = "cookie"
`
	for i, u := range urls {
		s += fmt.Sprintf("[[pool.backend]]\nname = \"b%d\"\nurl = %q\n", i+1, u)
	}
	return s
}

func (r *running) parse(toml string) *config.Config {
	r.t.Helper()
	path := filepath.Join(r.dir, "sterling.toml")
	if err := os.WriteFile(path, []byte(toml), 0o600); err != nil {
		r.t.Fatal(err)
	}
	cfg, problems := config.Load(path)
	if cfg == nil {
		r.t.Fatalf("the test's configuration is refused:\n%v", problems)
	}
	return cfg
}

// start runs a front door until the end of the test.
func start(t testing.TB, rest string) *running {
	t.Helper()
	return startWith(t, preamble+rest)
}

// startWith is start with another preamble.
func startWith(t testing.TB, toml string) *running {
	t.Helper()
	return startChanged(t, toml, func(*Server) {})
}

// startChanged is startWith for a server that is changed before it listens.
func startChanged(t testing.TB, toml string, change func(*Server)) *running {
	t.Helper()
	r := &running{t: t, dir: t.TempDir(), served: make(chan error, 1), log: new(logged)}
	cert, key := testCertificate(t)
	for name, data := range map[string][]byte{"cert.pem": cert, "key.pem": key} {
		if err := os.WriteFile(filepath.Join(r.dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := New(r.parse(toml), Options{Log: zerolog.New(r.log)})
	if err != nil {
		t.Fatal(err)
	}
	r.Server = s
	change(s)
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	go func() { r.served <- s.Serve() }()
	t.Cleanup(r.stop)
	r.proven()
	return r
}

// proven waits until no backend is unproven: which one is picked is then the policy's doing alone.
func (r *running) proven() {
	r.t.Helper()
	r.eventually("a first check of every backend", func() bool {
		for _, p := range r.Status().Pools {
			for _, b := range p.Backends {
				if b.State == "unproven" {
					return false
				}
			}
		}
		return true
	})
}

func (r *running) eventually(what string, done func() bool) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if !waitFor(ctx, done) {
		r.t.Fatalf("waited in vain for %s", what)
	}
}

func (r *running) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := r.Shutdown(ctx); err != nil {
		r.t.Errorf("Shutdown: %v", err)
	}
	if err := <-r.served; err != nil {
		r.t.Errorf("Serve: %v", err)
	}
	r.served <- nil // stop may be called again
	if r.t.Failed() {
		r.t.Logf("process log:\n%s", r.log)
	}
}

// lines ends the front door and returns its access log.
func (r *running) lines() []map[string]any {
	r.t.Helper()
	r.stop()
	data, err := os.ReadFile(filepath.Join(r.dir, "access.log"))
	if err != nil {
		r.t.Fatal(err)
	}
	var out []map[string]any
	for line := range bytes.Lines(data) {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			r.t.Fatalf("%q: %v", line, err)
		}
		out = append(out, m)
	}
	return out
}

// mode is a way in.
type mode struct {
	name   string
	tls    bool
	proto  int
	engine string // as the listeners are named; "": native
}

var modes = []mode{
	{"h1", false, 1, ""}, {"h1s", true, 1, ""}, {"h2", true, 2, ""},
	{"h1-standard", false, 1, "-standard"}, {"h1s-standard", true, 1, "-standard"}, {"h2-standard", true, 2, "-standard"},
	{"h3", true, 3, ""},
}

// inAllModes runs a test for each way in.
func inAllModes(t *testing.T, test func(t *testing.T, m mode)) {
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) { test(t, m) })
	}
}

// inAllModesAtOnce is for tests that hardly do anything but wait.
func inAllModesAtOnce(t *testing.T, test func(t *testing.T, m mode)) {
	var g sync.WaitGroup
	for _, m := range modes {
		g.Go(func() { t.Run(m.name, func(t *testing.T) { test(t, m) }) })
	}
	g.Wait()
}

func (r *running) url(m mode) string {
	if m.tls {
		return "https://" + r.Addr("front"+m.engine).String()
	}
	return "http://" + r.Addr("plain"+m.engine).String()
}

// client is a visitor with a cookie jar of its own.
func (m mode) client(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	if m.proto == 3 {
		return httpClient(jar, http3Transport(t))
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the certificate is not what is tested
		Protocols:       new(http.Protocols),
	}
	transport.Protocols.SetHTTP1(m.proto == 1)
	transport.Protocols.SetHTTP2(m.proto == 2)
	t.Cleanup(transport.CloseIdleConnections)
	return httpClient(jar, transport)
}

func http3Transport(t testing.TB) *http3.Transport {
	t.Helper()
	transport := &http3.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the certificate is not what is tested
	}
	t.Cleanup(func() { _ = transport.Close() })
	return transport
}

func httpClient(jar http.CookieJar, transport http.RoundTripper) *http.Client {
	return &http.Client{
		Jar: jar, Transport: transport, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func get(t *testing.T, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	res, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	return res, bodyOf(t, res)
}

func bodyOf(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// named is a backend that says its name.
func named(t *testing.T, name string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, name)
	}))
	t.Cleanup(s.Close)
	return s
}
