package integration

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// Debian's Chromium asks for a page that loads more by itself. It runs with
// -peers, or with -long: the program is large.
func TestABrowserSpeaksHTTP3(t *testing.T) {
	if !*peers && !*long {
		t.Log("not asked for: run with -peers or -long")
		return
	}
	browser, err := exec.LookPath("chromium")
	if err != nil {
		proxytest.Skip(t, "no chromium")
	}
	app := proxytest.NewCounter(t, "app", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Content-Type", "text/html")
			_, _ = fmt.Fprint(w, `<p id="said">nothing</p><script src="/more.js"></script>`)
			return
		}
		_, _ = fmt.Fprint(w, `document.getElementById("said").textContent = "the script has come"`)
	})
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", app.Addr)})
	_, port, err := net.SplitHostPort(p.Addr("front"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir="+t.TempDir(),
		"--enable-quic", "--origin-to-force-quic-on=localhost:"+port, "--host-resolver-rules=MAP localhost 127.0.0.1",
		"--ignore-certificate-errors-spki-list="+keyHash(t, filepath.Join(p.Dir, "cert0.pem")), "--dump-dom", "https://localhost:"+port+"/")
	page, err := cmd.Output()
	if err != nil || !strings.Contains(string(page), "the script has come") {
		t.Fatalf("the browser has %q, %v", page, err)
	}
	for _, path := range []string{"/", "/more.js"} {
		l := p.WaitLines(1, func(l proxytest.Line) bool { return l.Path == path })[0]
		if l.Proto != "HTTP/3.0" || l.Status != http.StatusOK {
			t.Errorf("%s was asked for in %s, and answered %d", path, l.Proto, l.Status)
		}
		t.Logf("%s: %s by %s", path, l.Proto, browser)
	}
}

// keyHash is the hash of a certificate's key by which browsers may be told to
// trust it.
func keyHash(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatalf("no certificate in %s", file)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}
