package integration

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

var buildPebble = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "pebble-")
	if err != nil {
		return "", err
	}
	const from = "github.com/letsencrypt/pebble/v2/cmd/"
	out, err := exec.Command("go", "build", "-C", "pebble", "-o", dir, from+"pebble", from+"pebble-challtestsrv").CombinedOutput() //nolint:noctx // ends by itself
	if err != nil {
		return dir, fmt.Errorf("%w: %s", err, out)
	}
	return dir, nil
})

// pebble is a certificate authority, and the DNS that it asks.
type pebble struct {
	t                      *testing.T
	directory, ca          string
	management, dnsControl string
	http01, tlsALPN        string // where it looks
	authority              *x509.CertPool
	mu                     sync.Mutex // guards log
	log                    bytes.Buffer
	client                 *http.Client
}

func (p *pebble) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(b)
}

// count is how often the authority has said something.
func (p *pebble) count(what string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Count(p.log.Bytes(), []byte(what))
}

func (p *pebble) orders() int { return p.count("Added order ") }

// startPebble starts an authority whose certificates live for so long. more
// are further keys of its configuration.
func startPebble(t *testing.T, life time.Duration, more ...map[string]any) *pebble {
	t.Helper()
	programs, err := buildPebble()
	if err != nil {
		proxytest.Skip(t, "pebble cannot be built: "+err.Error())
	}
	dir := proxytest.ShortDir(t)
	ca := proxytest.NewCA(t)
	cert, key := ca.Files(dir, "pebble", "127.0.0.1", "localhost")
	p := &pebble{
		t: t, ca: filepath.Join(dir, "ca.pem"), http01: proxytest.FreeAddr(t), tlsALPN: proxytest.FreeAddr(t),
		client: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}}, Timeout: 10 * time.Second},
	}
	listen, management, dns, control := proxytest.FreeAddr(t), proxytest.FreeAddr(t), proxytest.FreeAddr(t), proxytest.FreeAddr(t)
	p.directory, p.management, p.dnsControl = "https://"+listen+"/dir", "https://"+management, "http://"+control
	keys := map[string]any{
		"listenAddress": listen, "managementListenAddress": management, "certificate": cert, "privateKey": key,
		"httpPort": portOf(p.http01), "tlsPort": portOf(p.tlsALPN), "keyAlgorithm": "ecdsa",
		"retryAfter": map[string]int{"authz": 1, "order": 1},
		"profiles":   map[string]any{"default": map[string]any{"description": "", "validityPeriod": int(life.Seconds())}},
	}
	for _, m := range more {
		maps.Copy(keys, m)
	}
	config, err := json.Marshal(map[string]any{"pebble": keys})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "pebble.json")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	p.run(filepath.Join(programs, "pebble-challtestsrv"), "-defaultIPv6", "", "-dnsserver", dns, "-management", control,
		"-doh", "", "-http01", "", "-https01", "", "-tlsalpn01", "")
	p.run(filepath.Join(programs, "pebble"), "-config", file, "-dnsserver", dns)
	proxytest.Eventually(t, "the authority to answer", func() bool {
		res, err := p.client.Get(p.directory)
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	p.authority = x509.NewCertPool()
	p.authority.AppendCertsFromPEM(p.get("/roots/0"))
	return p
}

func portOf(addr string) int {
	a, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		panic(err)
	}
	return a.Port
}

func (p *pebble) run(program string, args ...string) {
	p.t.Helper()
	cmd := exec.Command(program, args...) //nolint:noctx,gosec // ended below
	cmd.Stdout, cmd.Stderr = p, p
	// Validation without naps; every twentieth nonce is refused, as by default.
	cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_AUTHZREUSE=0")
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait() // it was killed
	})
}

func (p *pebble) get(path string) []byte {
	p.t.Helper()
	res, err := p.client.Get(p.management + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		p.t.Fatalf("%s: %s, %v", path, res.Status, err)
	}
	return body
}

// resolve has all names lead to an address.
func (p *pebble) resolve(address string) {
	p.t.Helper()
	res, err := http.Post(p.dnsControl+"/set-default-ipv4", "application/json", strings.NewReader(`{"ip":"`+address+`"}`))
	if err != nil {
		p.t.Fatal(err)
	}
	_ = res.Body.Close()
}

// door is a configuration whose certificates come from the authority.
func (p *pebble) door(backend string, hosts ...string) string {
	return fmt.Sprintf(`[log]
level = "debug"
[access_log]
output = "access.log"
[admin]
address = "unix:admin.sock"
[tls.acme]
directory = %q
ca = %q
[[listener]]
name = "front"
address = %q
protocol = "https"
engine = %q
[[listener]]
name = "plain"
address = %q
protocol = "http"
engine = %[4]q
redirect_https = true
[[route]]
hosts = ["%[6]s"]
pool = "app"
upgrade = ["websocket"]
%[7]s`, p.directory, p.ca, p.tlsALPN, proxytest.Engine(), p.http01, strings.Join(hosts, `", "`), proxytest.OnlyPool("app", "", backend))
}

// leaf is what the door shows who asks for a name.
func (p *pebble) leaf(name string) (*x509.Certificate, error) {
	d := &net.Dialer{Timeout: 15 * time.Second}
	c, err := tls.DialWithDialer(d, "tcp", p.tlsALPN, &tls.Config{ServerName: name, RootCAs: p.authority, MinVersion: tls.VersionTLS12})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0], nil
}

// serial waits until the door shows a good certificate for a name that is not the
// one with the number was.
func (p *pebble) serial(name, was string) string {
	p.t.Helper()
	got := ""
	proxytest.Eventually(p.t, "a certificate for "+name, func() bool {
		leaf, err := p.leaf(name)
		if err == nil {
			got = leaf.SerialNumber.Text(16)
		}
		return err == nil && got != was
	})
	return got
}

// certs runs the command against a door.
func certs(t *testing.T, s *proxytest.Sterling, args ...string) string {
	t.Helper()
	cmd := exec.Command(proxytest.Program(t), append([]string{"certs"}, append(args, "-c", s.File)...)...) //nolint:noctx,gosec // ends by itself
	out, err := cmd.CombinedOutput()
	if err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			t.Fatal(err)
		}
	}
	return string(out)
}

func TestPebbleIssuesKeepsRevokesAndAddsAHost(t *testing.T) {
	p := startPebble(t, 90*24*time.Hour)
	backend := proxytest.NewCounter(t, "b1", nil)
	s := proxytest.Start(t, proxytest.Options{Bare: true, Config: p.door(backend.Addr, "www.example.org")})
	www := p.serial("www.example.org", "") // the first handshakes wait
	if n := p.orders(); n != 1 {
		t.Errorf("%d orders for one name", n)
	}

	t.Run("restart", func(t *testing.T) {
		s.Stop()
		s = proxytest.Start(t, proxytest.Options{Bare: true, Dir: s.Dir, Config: p.door(backend.Addr, "www.example.org")})
		if got := p.serial("www.example.org", ""); got != www || p.orders() != 1 {
			t.Errorf("%s is now %s, after %d orders", www, got, p.orders())
		}
	})
	if t.Failed() {
		return
	}
	s = proxytest.Start(t, proxytest.Options{Bare: true, Dir: s.Dir, Config: p.door(backend.Addr, "www.example.org")})

	t.Run("strangers", func(t *testing.T) {
		before := p.orders()
		for i := range 1000 {
			if leaf, err := p.leaf(fmt.Sprintf("n%d.example.org", i)); err == nil {
				t.Fatalf("%v is good", leaf.DNSNames)
			}
		}
		if n := p.orders() - before; n != 0 {
			t.Errorf("1000 strange names made %d orders", n)
		}
	})

	t.Run("a host more", func(t *testing.T) {
		c, err := tls.Dial("tcp", p.tlsALPN, &tls.Config{ServerName: "www.example.org", RootCAs: p.authority, MinVersion: tls.VersionTLS12})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		s.Write(p.door(backend.Addr, "www.example.org", "api.example.org"))
		s.Reload()
		p.serial("api.example.org", "")
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: www.example.org\r\nX-Id: kept\r\nConnection: close\r\n\r\n")
		if answer, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200") {
			t.Errorf("a connection from before: %q, %v", answer, err)
		}
		if got := p.serial("www.example.org", ""); got != www {
			t.Errorf("the other certificate was %s and is %s", www, got)
		}
	})

	t.Run("revoke", func(t *testing.T) {
		if out := certs(t, s, "revoke", "www.example.org"); !strings.Contains(out, "another one is ordered") {
			t.Fatal(out)
		}
		again := p.serial("www.example.org", www)
		for number, want := range map[string]string{www: "Revoked", again: "Valid"} {
			if got := p.get("/cert-status-by-serial/" + number); !strings.Contains(string(got), want) {
				t.Errorf("%s: %s, want %s", number, got, want)
			}
		}
		if out := certs(t, s); !strings.Contains(out, "www.example.org  acme  CN=Pebble Intermediate") {
			t.Error(out)
		}
	})
}

func TestPebbleRenewsInTimeAndTwoProcessesMakeOneOrder(t *testing.T) {
	p := startPebble(t, 21*time.Second)
	backend := proxytest.NewCounter(t, "b1", nil)
	config := p.door(backend.Addr, "www.example.org")
	s := proxytest.Start(t, proxytest.Options{Bare: true, Config: config})
	first := p.serial("www.example.org", "")
	// A second door at the same folder, with other sockets.
	config = strings.NewReplacer(p.tlsALPN, "127.0.0.1:0", p.http01, "127.0.0.1:0", "unix:admin.sock", "unix:other.sock").Replace(config)
	other := filepath.Join(s.Dir, "other.toml")
	if err := os.WriteFile(other, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(proxytest.Program(t), "run", "-c", other) //nolint:noctx,gosec // ended below
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // it was told to
	}()
	second := p.serial("www.example.org", first)
	third := p.serial("www.example.org", second)
	// Nobody was ever shown one that had ended: serial wants a good one, and is
	// patient for less than a life.
	if n := p.orders(); n != 3 || third == first {
		t.Errorf("%d orders for three certificates at two doors", n)
	}
}

func TestPebbleIsAskedSeldomWhileNobodyCanReachTheDoor(t *testing.T) {
	p := startPebble(t, 90*24*time.Hour)
	p.resolve("127.0.0.9")
	backend := proxytest.NewCounter(t, "b1", nil)
	s := proxytest.Start(t, proxytest.Options{Bare: true, Config: p.door(backend.Addr, "www.example.org")})
	proxytest.Eventually(t, "a failure to be told", func() bool { return strings.Contains(certs(t, s), "1 order failed") })
	if out := certs(t, s); !strings.Contains(out, "connection refused") || !strings.Contains(out, "tried again in ") {
		t.Error(out)
	}
	s.Stop()
	s = proxytest.Start(t, proxytest.Options{Bare: true, Dir: s.Dir, Config: p.door(backend.Addr, "www.example.org")})
	if _, err := p.leaf("www.example.org"); err == nil {
		t.Error("there is a certificate")
	}
	if n := p.orders(); n != 1 {
		t.Errorf("%d orders within a minute, and across a restart", n)
	}
	p.resolve("127.0.0.1")
	if out := certs(t, s, "renew", "www.example.org"); !strings.Contains(out, "another one is ordered") {
		t.Error(out)
	}
	p.serial("www.example.org", "")
}

func TestPebbleServesARehearsal(t *testing.T) {
	p := startPebble(t, 90*24*time.Hour)
	real := startPebble(t, 90*24*time.Hour)
	dir := proxytest.ShortDir(t)
	backend := proxytest.NewCounter(t, "b1", nil)
	config := p.door(backend.Addr, "www.example.org", "api.example.org")
	config = strings.ReplaceAll(config, p.directory, real.directory)
	file := filepath.Join(dir, "sterling.toml")
	bundle := filepath.Join(dir, "cas.pem")
	config = strings.ReplaceAll(config, p.ca, bundle)
	var cas []byte
	for _, path := range []string{p.ca, real.ca} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		cas = append(cas, text...)
	}
	for path, text := range map[string][]byte{file: []byte(config), bundle: cas} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check := func() string {
		t.Helper()
		cmd := exec.Command(proxytest.Program(t), "check", "-c", file, "--acme-staging", "--acme-directory", p.directory) //nolint:noctx,gosec // ends by itself
		out, err := cmd.CombinedOutput()
		return fmt.Sprintf("%s%v", out, err)
	}
	out := check()
	for _, want := range []string{"for: api.example.org, www.example.org\n", "www.example.org: good\n", "api.example.org: good\n", "<nil>"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	if real.orders() != 0 || p.orders() != 2 {
		t.Errorf("%d real orders, %d others", real.orders(), p.orders())
	}
	// While a process runs, that one answers.
	p.resolve("127.0.0.1")
	proxytest.Start(t, proxytest.Options{Bare: true, Dir: dir, Config: config})
	if out := check(); !strings.Contains(out, "is in use") || !strings.Contains(out, "www.example.org: good\n") {
		t.Error(out)
	}
	p.resolve("127.0.0.9")
	if out := check(); !strings.Contains(out, "connection refused") || !strings.Contains(out, "2 of 2 certificates could not be had") || strings.Contains(out, "<nil>") {
		t.Error(out)
	}
}

func TestPebbleWantsAnAccountThatIsBoundToAnother(t *testing.T) {
	const key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
	p := startPebble(t, 90*24*time.Hour, map[string]any{
		"externalAccountBindingRequired": true, "externalAccountMACKeys": map[string]string{"kid-1": key},
	})
	backend := proxytest.NewCounter(t, "b1", nil)
	without := p.door(backend.Addr, "www.example.org")
	s := proxytest.Start(t, proxytest.Options{Bare: true, Config: without})
	proxytest.Eventually(t, "the refusal", func() bool { return strings.Contains(certs(t, s), "externalAccountRequired") })
	s.Stop()
	with := strings.Replace(without, "[tls.acme]\n", "[tls.acme]\neab_key_id = \"kid-1\"\neab_key = \""+key+"\"\n", 1)
	s = proxytest.Start(t, proxytest.Options{Bare: true, Dir: s.Dir, Config: with})
	if out := certs(t, s, "renew", "www.example.org"); !strings.Contains(out, "another one is ordered") {
		t.Error(out)
	}
	p.serial("www.example.org", "")
	if strings.Contains(s.Log(), key) {
		t.Error("the key is in the log")
	}
}
