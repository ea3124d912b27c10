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
	if code != exitGood || !strings.Contains(stdout, "warning") || !strings.Contains(stderr, "warning: "+s.file+":") {
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
	// One that decoding finds, at the end, and one that only building finds.
	s.configure(t, "first", "[[route]]\nname = \"double\"\npool = \"app\"\n[log.nonsense]\n")
	_, _, stderr := call("check", "-c", s.file)
	if !strings.Contains(stderr, "log.nonsense") {
		t.Fatalf("stderr:\n%s", stderr)
	}
	s.configure(t, "first", "[[route]]\nname = \"double\"\npool = \"app\"\n")
	if err := os.Remove(filepath.Join(s.dir, "key.pem")); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := call("check", "-c", s.file)
	certificate, route := strings.Index(stderr, "tls.certificate[0].key"), strings.Index(stderr, "double")
	if code != exitFailed || certificate < 0 || route < certificate {
		t.Errorf("exit %d, stderr:\n%s", code, stderr)
	}
}
