package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Somebody edits the file of a process that has to be asked, or told, something.
func TestAFaultyFileStillNamesTheProcess(t *testing.T) {
	for _, fault := range []string{"[limits]\nconnections = \"many\"\n", "[limits]\nconnections = \n"} {
		s := newSite(t)
		s.configure(t, "first", "")
		s.run(t)
		s.configure(t, "second", fault)
		for _, args := range []string{"status", "certs", "weight app/first 2", "enable app/first", "drain app/first --force", "disable app/first --force", "healthcheck"} {
			code, _, stderr := call(append(strings.Fields(args), "-c", s.file)...)
			if code != exitGood || !strings.HasPrefix(stderr, "warning: "+s.file+" does not load") {
				t.Errorf("%s: exit %d, stderr %q", args, code, stderr)
			}
		}
		code, stdout, stderr := call("reload", "-c", s.file)
		if code != exitFailed || stdout != "" || !strings.Contains(stderr, ".toml:") ||
			!strings.HasSuffix(stderr, "sterling reload: not reloaded; the old configuration still serves\n") {
			t.Errorf("reload: exit %d, stdout %q, stderr:\n%s", code, stdout, stderr)
		}
	}
}

func TestReloadTellsTheFileAndTakesNoOther(t *testing.T) {
	s := newSite(t)
	s.run(t)
	text, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, "other.toml", string(text))
	other := filepath.Join(s.dir, "other.toml")
	code, stdout, stderr := call("reload", "-c", other)
	if code != exitFailed || stdout != "" || !strings.Contains(stderr, "reads "+s.file+", not "+other+"; ") {
		t.Errorf("another file: exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if err := os.Symlink(s.file, filepath.Join(s.dir, "link.toml")); err != nil {
		t.Fatal(err)
	}
	for i, args := range [][]string{{"-c", s.file}, {"-c", filepath.Join(s.dir, "link.toml")}, {"--admin", s.socket}} {
		code, stdout, stderr := call(append([]string{"reload"}, args...)...)
		if want := fmt.Sprintf("reloaded %s: generation %d, 0 changes\n", s.file, i+2); code != exitGood || !strings.HasSuffix(stdout, want) {
			t.Errorf("%v: exit %d, stdout %q, stderr %q", args, code, stdout, stderr)
		}
	}
}
