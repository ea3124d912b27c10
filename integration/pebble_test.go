package integration

import (
	"bytes"
	"context"
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

// pebbleOptions are how an authority differs from the default one.
type pebbleOptions struct {
	life time.Duration  // of its certificates; 0: 90 days
	keys map[string]any // of its configuration
	env  []string       // NAME=VALUE
}

// pebble is a certificate authority, and the DNS that it asks.
type pebble struct {
	t                      *testing.T
	program                []string // and its arguments
	env                    []string
	kill                   func()
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

// startPebble starts an authority.
func startPebble(t *testing.T, o pebbleOptions) *pebble {
	t.Helper()
	if o.life == 0 {
		o.life = 90 * 24 * time.Hour
	}
	programs, err := buildPebble()
	if err != nil {
		proxytest.Skip(t, "pebble cannot be built: "+err.Error())
	}
	dir := proxytest.ShortDir(t)
	ca := proxytest.NewCA(t)
	cert, key := ca.Files(dir, "pebble", "127.0.0.1", "localhost")
	p := &pebble{
		// Validation without naps; every twentieth nonce is refused, as by default.
		t: t, env: append([]string{"PEBBLE_VA_NOSLEEP=1", "PEBBLE_AUTHZREUSE=0"}, o.env...),
		authority: x509.NewCertPool(), ca: filepath.Join(dir, "ca.pem"), http01: proxytest.FreeAddr(t), tlsALPN: proxytest.FreeAddr(t),
		client: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ca.Pool(), MinVersion: tls.VersionTLS12}}, Timeout: 10 * time.Second},
	}
	listen, management, dns, control := proxytest.FreeAddr(t), proxytest.FreeAddr(t), proxytest.FreeAddr(t), proxytest.FreeAddr(t)
	p.directory, p.management, p.dnsControl = "https://"+listen+"/dir", "https://"+management, "http://"+control
	keys := map[string]any{
		"listenAddress": listen, "managementListenAddress": management, "certificate": cert, "privateKey": key,
		"httpPort": portOf(p.http01), "tlsPort": portOf(p.tlsALPN), "keyAlgorithm": "ecdsa",
		"retryAfter": map[string]int{"authz": 1, "order": 1},
		"profiles":   map[string]any{"default": map[string]any{"description": "", "validityPeriod": int(o.life.Seconds())}},
	}
	maps.Copy(keys, o.keys)
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
	p.program = []string{filepath.Join(programs, "pebble"), "-config", file, "-dnsserver", dns}
	p.start()
	return p
}

// start starts the authority itself. It knows nothing of what it did before kill,
// and has other keys.
func (p *pebble) start() {
	p.t.Helper()
	p.kill = p.run(p.program[0], p.program[1:]...)
	proxytest.Eventually(p.t, "the authority to answer", func() bool {
		res, err := p.client.Get(p.directory)
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	p.authority.AppendCertsFromPEM(p.get("/roots/0"))
}

func portOf(addr string) int {
	a, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		panic(err)
	}
	return a.Port
}

// run starts a program until the end of the test, or kill.
func (p *pebble) run(program string, args ...string) (kill func()) {
	p.t.Helper()
	cmd := exec.Command(program, args...) //nolint:noctx,gosec // ended below
	cmd.Stdout, cmd.Stderr = p, p
	cmd.Env = append(os.Environ(), p.env...)
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait() // it was killed
	})
	p.t.Cleanup(kill)
	return kill
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

// chain is what a door shows who asks for a name.
func (p *pebble) chain(address, name string) ([]*x509.Certificate, error) {
	d := &net.Dialer{Timeout: 15 * time.Second}
	c, err := tls.DialWithDialer(d, "tcp", address, &tls.Config{ServerName: name, RootCAs: p.authority, MinVersion: tls.VersionTLS12})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates, nil
}

// leaf is the first of the chain, of the door that the authority asks.
func (p *pebble) leaf(name string) (*x509.Certificate, error) {
	chain, err := p.chain(p.tlsALPN, name)
	if err != nil {
		return nil, err
	}
	return chain[0], nil
}

// serial waits until the door shows a good certificate for a name that is not the
// one with the number was.
func (p *pebble) serial(name, was string) string {
	p.t.Helper()
	return p.serialAt(name, was, p.tlsALPN)
}

// serialAt waits until all doors show the same one.
func (p *pebble) serialAt(name, was string, doors ...string) string {
	p.t.Helper()
	got := ""
	proxytest.Eventually(p.t, "a certificate for "+name, func() bool {
		for i, door := range doors {
			chain, err := p.chain(door, name)
			if err != nil {
				return false
			}
			number := chain[0].SerialNumber.Text(16)
			if number == was || i > 0 && number != got {
				return false
			}
			got = number
		}
		return true
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
	p := startPebble(t, pebbleOptions{})
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

// second is the configuration of another door at the same state folder, at addresses
// of its own. Its folder is another, so that it has an admin side.
func (p *pebble) second(config, state, front, plain string) string {
	return "[state]\ndir = \"" + state + "\"\n" + strings.NewReplacer(p.tlsALPN, front, p.http01, plain).Replace(config)
}

func TestPebbleRenewsInTimeAndTwoProcessesMakeOneOrder(t *testing.T) {
	const life = 21 * time.Second
	p := startPebble(t, pebbleOptions{life: life})
	backend := proxytest.NewCounter(t, "b1", nil)
	config := p.door(backend.Addr, "www.example.org")
	began := time.Now()
	s := proxytest.Start(t, proxytest.Options{Bare: true, Config: config})
	p.serial("www.example.org", "")
	other := proxytest.FreeAddr(t)
	proxytest.Start(t, proxytest.Options{Bare: true, Config: p.second(config, filepath.Join(s.Dir, "state"), other, proxytest.FreeAddr(t))})
	serial := p.serialAt("www.example.org", "", p.tlsALPN, other)
	for range 2 {
		// Nobody is ever shown one that has ended: serialAt wants a good one, and is
		// patient for less than a life.
		serial = p.serialAt("www.example.org", serial, p.tlsALPN, other)
	}
	// However long this has taken: between two orders is the time until a third of
	// the life is left. Pebble takes a second off it, and certificates count whole ones.
	n := p.orders()
	if most := 1 + int(time.Since(began)/((life-time.Second)*2/3-time.Second)); n < 3 || n > most {
		t.Errorf("%d orders for three certificates at two doors, want %d at most", n, most)
	}
}

// balancer leads the connections of an address to each of some doors in turn, and
// waits for those that do not listen yet.
func balancer(t *testing.T, address string, doors ...string) {
	t.Helper()
	l, err := net.Listen("tcp", address) //nolint:noctx // closed below
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	lead := func(client net.Conn, door string) {
		defer client.Close()
		defer context.AfterFunc(ctx, func() { _ = client.Close() })()
		var (
			d      net.Dialer
			server net.Conn
			err    error
		)
		proxytest.Within(10*time.Second, func() bool {
			server, err = d.DialContext(ctx, "tcp", door)
			return err == nil || ctx.Err() != nil
		})
		if err != nil {
			return // whoever asked sees that nobody is there
		}
		defer server.Close()
		defer context.AfterFunc(ctx, func() { _ = server.Close() })()
		all.Go(func() {
			_, _ = io.Copy(server, client)         // until either end closes
			_ = server.(*net.TCPConn).CloseWrite() // it may be closed
		})
		_, _ = io.Copy(client, server) // as above
	}
	all.Go(func() {
		for i := 0; ; i++ {
			client, err := l.Accept()
			if err != nil {
				return // closed
			}
			all.Go(func() { lead(client, doors[i%len(doors)]) })
		}
	})
	t.Cleanup(func() {
		cancel()
		_ = l.Close()
		all.Wait()
	})
}

// Whoever orders, the authority, which asks three times, also asks the other one.
func TestPebbleGetsOneFirstOrderOfTwoProcesses(t *testing.T) {
	for _, kind := range []string{"http-01", "tls-alpn-01"} {
		t.Run(kind, func(t *testing.T) {
			p := startPebble(t, pebbleOptions{})
			backend := proxytest.NewCounter(t, "b1", nil)
			state := filepath.Join(proxytest.ShortDir(t), "state")
			var fronts, plains []string
			for range 2 {
				fronts, plains = append(fronts, proxytest.FreeAddr(t)), append(plains, proxytest.FreeAddr(t))
			}
			balancer(t, p.tlsALPN, fronts...)
			config := p.door(backend.Addr, "www.example.org")
			if kind == "http-01" {
				balancer(t, p.http01, plains...)
			} else {
				from, to := strings.Index(config, "[[listener]]\nname = \"plain\""), strings.Index(config, "[[route]]")
				config = config[:from] + config[to:]
			}
			var doors []*proxytest.Sterling
			for i := range fronts {
				doors = append(doors, proxytest.Start(t, proxytest.Options{
					Bare: true, Unready: true, Config: p.second(config, state, fronts[i], plains[i]),
				}))
			}
			for _, d := range doors {
				d.WaitReady()
			}
			p.serialAt("www.example.org", "", fronts...)
			if n, issued := p.orders(), p.count("Issued certificate serial "); n != 1 || issued != 1 {
				t.Errorf("%d orders, %d certificates for two doors", n, issued)
			}
			if n := p.count("Attempting to validate w/ HTTP: "); n != map[string]int{"http-01": 3}[kind] {
				t.Errorf("asked over HTTP %d times", n)
			}
			for i, d := range doors {
				if log := d.Log(); strings.Contains(log, "could not be had") {
					t.Errorf("door %d: a failure is in the log", i)
				}
			}
		})
	}
}

func TestPebbleRefusesNoncesAndHasALongChain(t *testing.T) {
	p := startPebble(t, pebbleOptions{env: []string{
		"PEBBLE_WFE_NONCEREJECT=50", "PEBBLE_CHAIN_LENGTH=3", "PEBBLE_ALTERNATE_ROOTS=2", "PEBBLE_AUTHZREUSE=100",
	}})
	backend := proxytest.NewCounter(t, "b1", nil)
	s := proxytest.Start(t, proxytest.Options{Bare: true, Config: p.door(backend.Addr, "www.example.org")})
	first := p.serial("www.example.org", "")
	// All of the chain but the root is shown, or the client could not verify it.
	chain, err := p.chain(p.tlsALPN, "www.example.org")
	if err != nil || len(chain) != 4 {
		t.Errorf("%d certificates in the chain, %v", len(chain), err)
	}
	// What was proved already is not asked again: it would be asked in vain.
	p.resolve("127.0.0.9")
	if out := certs(t, s, "renew", "www.example.org"); !strings.Contains(out, "another one is ordered") {
		t.Fatal(out)
	}
	p.serial("www.example.org", first)
	if n := p.orders(); n != 2 || strings.Contains(s.Log(), "could not be had") {
		t.Errorf("%d orders for two certificates", n)
	}
	// Each order asks for a first one, and for one more whenever one was refused.
	if n := p.count("/nonce-plz -> "); n <= 2 {
		t.Errorf("%d nonces were asked for: none was refused", n)
	}
}

func TestPebbleIsAwayAndComesBackWithoutAMemory(t *testing.T) {
	p := startPebble(t, pebbleOptions{})
	backend := proxytest.NewCounter(t, "b1", nil)
	s := proxytest.Start(t, proxytest.Options{Bare: true, Config: p.door(backend.Addr, "www.example.org")})
	first := p.serial("www.example.org", "")
	p.kill()
	if out := certs(t, s, "renew", "www.example.org"); !strings.Contains(out, "another one is ordered") {
		t.Fatal(out)
	}
	proxytest.Eventually(t, "the failure", func() bool { return strings.Contains(certs(t, s), "1 order failed") })
	if out := certs(t, s); !strings.Contains(out, "connection refused") || !strings.Contains(out, "tried again in ") {
		t.Error(out)
	}
	if got := p.serial("www.example.org", ""); got != first {
		t.Errorf("%s is served in the place of %s", got, first)
	}
	// The account is gone, too, and is made anew.
	p.start()
	if out := certs(t, s, "renew", "www.example.org"); !strings.Contains(out, "another one is ordered") {
		t.Fatal(out)
	}
	p.serial("www.example.org", first)
	if out := certs(t, s); strings.Contains(out, "failed") {
		t.Error(out)
	}
}

func TestPebbleLearnsOfAnotherEmailAddress(t *testing.T) {
	p := startPebble(t, pebbleOptions{})
	backend := proxytest.NewCounter(t, "b1", nil)
	config := func(email string) string {
		return strings.Replace(p.door(backend.Addr, "www.example.org"), "[tls.acme]\n", "[tls.acme]\nemail = \""+email+"\"\n", 1)
	}
	s := proxytest.Start(t, proxytest.Options{Bare: true, Config: config("ops@example.org")})
	p.serial("www.example.org", "")
	s.Stop()
	s = proxytest.Start(t, proxytest.Options{Bare: true, Dir: s.Dir, Config: config("other@example.org")})
	proxytest.Eventually(t, "the authority to be told", func() bool { return strings.Contains(s.Log(), "was told the e-mail address") })
	s.Stop()
	// It is asked for what it knows: there is nothing to tell.
	kept, err := filepath.Glob(filepath.Join(s.Dir, "state", "acme", "*", "account.contact"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("%q, %v", kept, err)
	}
	if err := os.Remove(kept[0]); err != nil {
		t.Fatal(err)
	}
	s = proxytest.Start(t, proxytest.Options{Bare: true, Dir: s.Dir, Config: config("other@example.org")})
	proxytest.Eventually(t, "the address to be remembered", func() bool {
		_, err := os.Stat(kept[0])
		return err == nil
	})
	if log := s.Log(); strings.Contains(log, "e-mail address") {
		t.Error("it was told again, or could not be")
	}
	if n := p.orders(); n != 1 {
		t.Errorf("%d orders", n)
	}
}

func TestPebbleIsAskedSeldomWhileNobodyCanReachTheDoor(t *testing.T) {
	p := startPebble(t, pebbleOptions{})
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
	p := startPebble(t, pebbleOptions{})
	real := startPebble(t, pebbleOptions{})
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
	p := startPebble(t, pebbleOptions{keys: map[string]any{
		"externalAccountBindingRequired": true, "externalAccountMACKeys": map[string]string{"kid-1": key},
	}})
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
