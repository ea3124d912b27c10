package proxy

import (
	"bytes"
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sterling/internal/config"
	"sterling/internal/proxytest"
	proxytls "sterling/tls"
)

// watched is a front door that looks at its certificates all the time.
func watched(t *testing.T, certificates string) *running {
	t.Helper()
	toml := strings.Replace(preamble, "[[tls.certificate]]", "[tls]\nwatch = \"20ms\"\n"+certificates+"[[tls.certificate]]", 1)
	return startWith(t, toml+appPool(named(t, "one").URL))
}

// replace writes a pair for that name.
func (r *running) replace(base, name string) {
	r.t.Helper()
	cert, key, err := proxytls.SelfSigned([]string{name}, time.Hour)
	if err != nil {
		r.t.Fatal(err)
	}
	for ext, data := range map[string][]byte{".pem": cert, ".key": key} {
		if err := os.WriteFile(filepath.Join(r.dir, base+ext), data, 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
}

// shown is the first name of the certificate that a client gets who asks for name.
func (r *running) shown(name string) string {
	r.t.Helper()
	c, err := tls.Dial("tcp", r.Addr("front").String(), &tls.Config{InsecureSkipVerify: true, ServerName: name}) //nolint:gosec,noctx // it is looked at
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	return c.ConnectionState().PeerCertificates[0].DNSNames[0]
}

func TestChangedCertificatesAreTakenUp(t *testing.T) {
	r := watched(t, "")
	c := modes[1].client(t)
	if _, body := get(t, c, r.url(modes[1])); body != "one" {
		t.Fatal(body)
	}
	cert, key := filepath.Join(r.dir, "cert.pem"), filepath.Join(r.dir, "key.pem")
	good, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cert, append(good, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	r.eventually("the fault to be logged", func() bool { return strings.Contains(r.log.String(), "not taken up") })
	r.eventually("the fault to be told", func() bool { return strings.Contains(r.Status().CertificatesFault, cert) })
	if got := r.shown("localhost"); got != "localhost" {
		t.Errorf("a broken file is in force: %s", got)
	}
	if err := errors.Join(os.Remove(cert), syscall.Mkfifo(cert, 0o600)); err != nil {
		t.Fatal(err)
	}
	r.eventually("a FIFO to be refused", func() bool { return strings.Contains(r.Status().CertificatesFault, "FIFO") })
	r.replace("new", "new.example")
	for from, to := range map[string]string{"new.pem": cert, "new.key": key} {
		if err := os.Rename(filepath.Join(r.dir, from), to); err != nil {
			t.Fatal(err)
		}
	}
	r.eventually("the new certificate", func() bool { return r.shown("new.example") == "new.example" })
	r.eventually("no fault to be left", func() bool { return r.Status().CertificatesFault == "" })
	if n := strings.Count(r.log.String(), "not taken up"); n > 4 { // one for each reason on the way
		t.Errorf("the log has %d faults", n)
	}
	if _, body := get(t, c, r.url(modes[1])); body != "one" {
		t.Errorf("over the connection that was open: %q", body)
	}
	after := r.Status()
	if got := after.Certificates[0].Names[0]; got != "new.example" {
		t.Errorf("the status has %s", got)
	}
}

// A file that is damaged in its second part is as good as none: at a start, at a
// reload, and when it takes the place of a good one.
func TestWhatIsDamagedInPartIsNotTakenUp(t *testing.T) {
	r := watched(t, "")
	one := named(t, "one")
	people, others := proxytest.NewCA(t), proxytest.NewCA(t)
	bob, m := others.Certificate("bob"), modes[1]
	r.file("staff.pem", append(people.PEM(), others.PEM()...))
	toml := strings.Replace(preamble, "[[tls.certificate]]", "[tls]\nwatch = \"20ms\"\n"+policyFor("required", "ca = \"staff.pem\"\n")+"[[tls.certificate]]", 1) + appPool(one.URL)
	cfg := r.parse(toml)
	if _, err := r.Reload(cfg); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(r.dir, "cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"staff.pem": append(people.PEM(), others.PEM()[1:]...), // a dash less
		"cert.pem":  append(bytes.Clone(good), others.PEM()[:100]...),
	} {
		was, err := os.ReadFile(filepath.Join(r.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		r.file(name, data)
		path := filepath.Join(r.dir, name)
		r.eventually("the fault of "+name, func() bool {
			told := r.Status().CertificatesFault
			return strings.Contains(told, path) && strings.Contains(told, "is damaged")
		})
		if got := r.asks(person(t, m, bob), m); got != 200 {
			t.Errorf("with a damaged %s: status %d", name, got)
		}
		if _, err := r.Reload(cfg); err == nil || !strings.Contains(err.Error(), "is damaged") || !strings.Contains(err.Error(), "put a whole copy in its place") {
			t.Errorf("a reload with a damaged %s: %v", name, err)
		}
		if _, err := New(cfg, Options{Log: zerolog.Nop()}); err == nil || !strings.Contains(err.Error(), "is damaged") {
			t.Errorf("a start with a damaged %s: %v", name, err)
		}
		r.file(name, was)
		r.eventually("no fault to be left", func() bool { return r.Status().CertificatesFault == "" })
	}
}

func TestCertificatesThatAPatternFinds(t *testing.T) {
	r := watched(t, "")
	r.replace("sites-a", "a.example")
	toml := strings.Replace(preamble, "[[tls.certificate]]", "[tls]\nwatch = \"20ms\"\n[[tls.certificate]]\nfiles = \"sites-*.pem\"\n[[tls.certificate]]", 1)
	if _, err := r.Reload(r.parse(toml + appPool(named(t, "one").URL))); err != nil {
		t.Fatal(err)
	}
	if got := r.shown("a.example"); got != "a.example" {
		t.Errorf("the first one: %s", got)
	}
	r.replace("sites-b", "b.example")
	r.eventually("a second one", func() bool { return r.shown("b.example") == "b.example" })
	if err := os.Remove(filepath.Join(r.dir, "sites-a.pem")); err != nil {
		t.Fatal(err)
	}
	r.eventually("the first one to be gone", func() bool { return r.shown("a.example") != "a.example" })
	_, err := r.Reload(r.parse(strings.Replace(toml, "sites-*", "none-*", 1) + appPool(named(t, "one").URL)))
	if err == nil || !strings.Contains(err.Error(), "tls.certificate[0].files") || !strings.Contains(err.Error(), "no certificate is there") {
		t.Errorf("a pattern that finds nothing: %v", err)
	}
}

// A deployment may give files away, or open them, long after it has written them,
// and may keep their times.
func TestAnyChangeOfAFileCounts(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cert.pem")
	cfg := &config.Config{TLS: config.TLS{Certificates: []config.Certificate{{Cert: path, Key: path}}}}
	was := time.Now().Add(-time.Hour)
	write := func(path, text string) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chtimes(path, was, was)); err != nil {
			t.Fatal(err)
		}
	}
	write(path, "one")
	before := fingerprint(cfg)
	if fingerprint(cfg) != before {
		t.Fatal("it changes by itself")
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	opened := fingerprint(cfg)
	if opened == before {
		t.Error("another mode is no change")
	}
	write(filepath.Join(dir, "new"), "two")
	if err := errors.Join(os.Chmod(filepath.Join(dir, "new"), 0o640), os.Rename(filepath.Join(dir, "new"), path)); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "linux" && fingerprint(cfg) == opened {
		t.Error("another file of the same size and time is no change")
	}
}

func TestWarningsOfCertificatesThatEnd(t *testing.T) {
	day := 24 * time.Hour
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		life, left time.Duration
		due        int
	}{
		{90 * day, 30 * day, -1}, {90 * day, 21 * day, 21}, {90 * day, 8 * day, 21}, {90 * day, 7 * day, 7},
		{90 * day, day, 1}, {90 * day, time.Hour, 1}, {90 * day, -time.Hour, 0},
		{6 * day, 5 * day, -1}, {6 * day, 2 * day, -1}, {6 * day, day, 1}, {45 * day, 20 * day, 21}, {40 * day, 20 * day, -1},
	} {
		leaf := proxytls.Leaf{NotBefore: now.Add(tt.left - tt.life), NotAfter: now.Add(tt.left)}
		if got := dueWarning(leaf, now); got != tt.due {
			t.Errorf("of %v %v are left: %d, want %d", tt.life, tt.left, got, tt.due)
		}
	}
}

func TestOneIsToldOfEachEndOnce(t *testing.T) {
	r := watched(t, "")
	var log bytes.Buffer
	w := newCertificateWatch(&Server{log: zerolog.New(&log)})
	w.server.certificates.Replace(r.snapshot.Load().certificates)
	w.server.snapshot.Store(r.snapshot.Load())
	leaf := r.snapshot.Load().certificates.Certificates()[0] // it lives for an hour
	for range 3 {
		w.tellOfEnds(leaf.NotAfter.Add(-time.Minute))
		w.tellOfEnds(leaf.NotAfter.Add(time.Minute))
	}
	if got := strings.Count(log.String(), "\n"); got != 1 || !strings.Contains(log.String(), "a certificate has expired") {
		t.Errorf("the log:\n%s", log.String())
	}
}

func TestOneIsToldOfListsThatEnd(t *testing.T) {
	r := watched(t, "")
	people := proxytest.NewCA(t)
	r.file("staff.pem", people.PEM())
	end := time.Now().Add(48 * time.Hour).Truncate(time.Second)
	r.file("staff.crl", people.RevokeUntil(end))
	toml := strings.Replace(preamble, "[[tls.certificate]]", "[tls]\nwatch = \"20ms\"\n"+
		policyFor("required", "ca = \"staff.pem\"\ncrl = [\"staff.crl\"]\n")+"[[tls.certificate]]", 1)
	if _, err := r.Reload(r.parse(toml + appPool(named(t, "one").URL))); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	w := newCertificateWatch(&Server{log: zerolog.New(&log)})
	w.server.snapshot.Store(r.snapshot.Load())
	for _, tt := range []struct {
		left time.Duration
		want string
	}{
		{5 * time.Hour, ""}, {4 * time.Hour, `"level":"warn"`}, {time.Hour, ""}, {-time.Second, `"level":"error"`}, {-time.Hour, ""},
	} {
		log.Reset()
		w.tellOfEnds(end.Add(-tt.left))
		if got := log.String(); (got != "") != (tt.want != "") || !strings.Contains(got, tt.want) {
			t.Errorf("%v before its end: %q", tt.left, got)
		}
	}
	// A list that the watch takes up is told of, too.
	r.file("staff.crl", people.RevokeUntil(time.Now().Add(-time.Hour)))
	r.eventually("the end of the new list", func() bool { return strings.Contains(r.log.String(), "a revocation list has ended") })
}
