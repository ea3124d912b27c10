package integration

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// The scanners' findings of protocols, ciphers, known attacks, and what the door
// prefers and sends by default. What they think of a test's authority is no matter.
func TestScannersFindNothing(t *testing.T) {
	t.Parallel()
	app := proxytest.NewCounter(t, "app", nil)
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", app.Addr)})
	t.Run("testssl, ECDSA", func(t *testing.T) {
		testssl(t, p.Addr("front"), "EC 256", "-p", "-s", "-f", "-U", "-S", "-P")
	})
	t.Run("testssl, RSA", func(t *testing.T) {
		dir, ca := proxytest.ShortDir(t), proxytest.NewCA(t)
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		cert, secret := ca.LeafOf(key, "localhost", "127.0.0.1")
		for name, text := range map[string][]byte{"cert0.pem": cert, "cert0.key": secret} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p := proxytest.Start(t, proxytest.Options{Dir: dir, CA: ca, Config: proxytest.Pool("app", app.Addr)})
		testssl(t, p.Addr("front"), "RSA 2048", "-p", "-U", "-S", "-P")
	})
	t.Run("sslscan", func(t *testing.T) {
		program, err := exec.LookPath("sslscan")
		if err != nil {
			proxytest.Skip(t, "no sslscan")
		}
		out, err := exec.CommandContext(t.Context(), program, "--no-colour", p.Addr("front")).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		for _, want := range []string{
			`SSLv2 +disabled`, `SSLv3 +disabled`, `TLSv1.0 +disabled`, `TLSv1.1 +disabled`, `TLSv1.2 +enabled`, `TLSv1.3 +enabled`,
			`Session renegotiation not supported`, `TLSv1.2 not vulnerable to heartbleed`,
		} {
			if !regexp.MustCompile(want).Match(out) {
				t.Errorf("no %q in %s", want, out)
			}
		}
		suites := regexp.MustCompile(`(?m)^(?:Preferred|Accepted) +TLSv1\.2 .*$`).FindAllString(string(out), -1)
		if len(suites) == 0 {
			t.Errorf("no suites in %s", out)
		}
		for _, s := range suites {
			if !strings.Contains(s, "ECDHE") || !strings.Contains(s, "GCM") && !strings.Contains(s, "POLY1305") {
				t.Error(s)
			}
		}
	})
}

// aboutTrust are findings about who has signed a test's certificate, and for how
// long: an authority's matter, and no door's.
var aboutTrust = []string{"cert_chain_of_trust", "cert_expirationStatus", "cert_notAfter", "cert_revocation"}

// testssl scans an address, whose certificate has a key of a certain kind.
func testssl(t *testing.T, addr, key string, checks ...string) {
	t.Helper()
	program, err := exec.LookPath("testssl")
	if err != nil {
		proxytest.Skip(t, "no testssl (testssl.sh)")
	}
	found := filepath.Join(t.TempDir(), "found.json")
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	args := append([]string{"--quiet", "--color", "0", "--warnings", "off", "--jsonfile", found}, checks...)
	out, err := exec.CommandContext(ctx, program, append(args, addr)...).CombinedOutput()
	text, readErr := os.ReadFile(found)
	if readErr != nil {
		t.Fatalf("%v, %v: %s", readErr, err, out)
	}
	var findings []struct{ ID, Severity, Finding string }
	if err := json.Unmarshal(text, &findings); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	seen := map[string]string{}
	for _, f := range findings {
		seen[f.ID] = f.Finding
		switch {
		case !slices.Contains([]string{"MEDIUM", "HIGH", "CRITICAL", "FATAL"}, f.Severity):
		case slices.Contains(aboutTrust, f.ID):
			t.Logf("not counted: %s: %s: %s", f.Severity, f.ID, f.Finding)
		default:
			t.Errorf("%s: %s: %s", f.Severity, f.ID, f.Finding)
		}
	}
	for _, id := range []string{"TLS1_3", "heartbleed", "LUCKY13", "cert_keySize", "TLS_session_ticket", "cipher_negotiated"} {
		if seen[id] == "" {
			t.Errorf("no %s: the scan was not finished: %s", id, out)
		}
	}
	if !strings.HasPrefix(seen["cert_keySize"], key) {
		t.Errorf("the key is %s", seen["cert_keySize"])
	}
	t.Logf("%d findings, none above low that is not about trust", len(findings))
}

func TestEncryptedClientHellosAreUnderstood(t *testing.T) {
	t.Parallel()
	dir := proxytest.ShortDir(t)
	out, err := exec.Command(proxytest.Program(t), "keys", "ech", "public.example.org", filepath.Join(dir, "ech.pem")).CombinedOutput() //nolint:noctx // ends by itself
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	found := regexp.MustCompile(`ech=(\S+)`).FindSubmatch(out)
	if found == nil {
		t.Fatalf("no list in %s", out)
	}
	list, err := base64.StdEncoding.DecodeString(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	app := proxytest.NewCounter(t, "app", nil)
	p := proxytest.Start(t, proxytest.Options{
		Dir: dir, Certificates: [][]string{{"secret.test"}},
		Config: "[tls]\nech = [\"ech.pem\"]\n" + proxytest.Pool("app", app.Addr),
	})
	c, err := tls.Dial("tcp", p.Addr("front"), &tls.Config{ //nolint:noctx // the door is here
		ServerName: "secret.test", RootCAs: p.CA.Pool(), EncryptedClientHelloConfigList: list, MinVersion: tls.VersionTLS13,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if !c.ConnectionState().ECHAccepted {
		t.Error("it was not accepted")
	}
	// Nobody makes a new key where there is one.
	if out, err := exec.Command(proxytest.Program(t), "keys", "ech", "public.example.org", filepath.Join(dir, "ech.pem")).CombinedOutput(); err == nil || !strings.Contains(string(out), "exists") { //nolint:noctx // ends by itself
		t.Errorf("%v: %s", err, out)
	}
}
