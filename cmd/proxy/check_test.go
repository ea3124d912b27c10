package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sterling/internal/acme"
	"sterling/internal/config"
)

func TestCheckSumsUpAGoodFile(t *testing.T) {
	s := newSite(t)
	code, stdout, stderr := call("check", "-c", s.file)
	if want := s.file + ": good (1 listener, 1 route, 1 pool, 1 backend)"; code != exitGood || !strings.HasPrefix(stdout, want) {
		t.Errorf("exit %d, stdout %q, want %q; stderr %q", code, stdout, want, stderr)
	}
}

func TestCheckFailsOnWarningsOnlyWhenStrict(t *testing.T) {
	s := newSite(t)
	if err := os.Mkdir(filepath.Join(s.dir, "state"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.put(t, "state/state.json", "{}")
	// There has been a start, and its key file is gone, which is worth a warning.
	code, stdout, stderr := call("check", "-c", s.file)
	if code != exitGood || !strings.Contains(stdout, "warning") || !strings.Contains(stderr, "affinity: warning:") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	code, stdout, _ = call("check", "--strict", "-c", s.file)
	if code != exitFailed || stdout != "" {
		t.Errorf("strict: exit %d, stdout %q", code, stdout)
	}
}

func TestCheckIsContentBeforeTheFirstStart(t *testing.T) {
	s := newSite(t)
	code, stdout, stderr := call("check", "--strict", "-c", s.file)
	if want := "the start makes " + s.dir + "/state/affinity.keys: copy it"; code != exitGood || stderr != "" || !strings.Contains(stdout, want) {
		t.Errorf("exit %d, stdout %q, want %q; stderr %q", code, stdout, want, stderr)
	}
}

func TestCheckNamesAMissingFileOnce(t *testing.T) {
	s := newSite(t)
	if err := os.Remove(filepath.Join(s.dir, "cert.pem")); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := call("check", "-c", s.file)
	if code != exitFailed || stdout != "" || strings.Count(stderr, "tls.certificate[0].cert") != 1 {
		t.Errorf("exit %d, stdout %q, stderr:\n%s", code, stdout, stderr)
	}
}

func TestCheckPrintsProblemsInTheOrderOfTheFile(t *testing.T) {
	s := newSite(t)
	// Only building finds the first, and only opening files the second.
	s.configure(t, "first", `
[[route]]
name = "double"
pool = "app"
[[route]]
name = "orders"
paths = ["/orders"]
pool = "orders"
[[pool]]
name = "orders"
[pool.tls]
ca = "missing.pem"
[[pool.backend]]
name = "b1"
url = "https://127.0.0.1:9101"
`)
	code, _, stderr := call("check", "-c", s.file)
	route, ca := strings.Index(stderr, "double"), strings.Index(stderr, "missing.pem")
	if code != exitFailed || route < 0 || ca < route {
		t.Errorf("exit %d, stderr:\n%s", code, stderr)
	}
}

func TestCheckWarnsOfSuitesThatNoCertificateGoesWith(t *testing.T) {
	s := newSite(t)
	s.configure(t, "first", `
[tls]
suites = ["ECDHE-RSA-AES128-GCM-SHA256"]
`)
	code, _, stderr := call("check", "-c", s.file)
	if code != exitGood || !strings.Contains(stderr, "tls.suites: warning: none is for the ECDSA key") {
		t.Errorf("exit %d, stderr:\n%s", code, stderr)
	}
}

// Names of a company's own network are nothing for an authority outside.
func TestARehearsalAsksNoOtherAuthorityUnasked(t *testing.T) {
	for directory, want := range map[string]string{
		"": acme.StagingDirectory, acme.DefaultDirectory: acme.StagingDirectory, acme.StagingDirectory: acme.StagingDirectory,
		"https://ca.internal.example/dir": "",
	} {
		cfg := &config.Config{TLS: config.TLS{ACME: &config.ACME{Directory: directory}}}
		got, err := staging{}.from(cfg)
		if got != want || (want == "") != (err != nil) {
			t.Errorf("%q: %q, %v", directory, got, err)
		}
		if got, err := (staging{directory: "https://staging.example/dir"}).from(cfg); got != "https://staging.example/dir" || err != nil {
			t.Errorf("%q, with one named: %q, %v", directory, got, err)
		}
	}
}
