package main

import (
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
