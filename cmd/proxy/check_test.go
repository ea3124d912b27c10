package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	// There is no key file yet, which is worth a warning.
	code, stdout, stderr := call("check", "-c", s.file)
	if code != exitGood || !strings.Contains(stdout, "warning") || !strings.Contains(stderr, "affinity.keys: warning:") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	code, stdout, _ = call("check", "--strict", "-c", s.file)
	if code != exitFailed || stdout != "" {
		t.Errorf("strict: exit %d, stdout %q", code, stdout)
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
