package proxytest

import (
	"os"
	"testing"
)

// Skip skips a test for want of something that the machine does not have. It
// is the only way to skip one: with STERLING_NO_SKIP=1 in the environment, as
// in continuous integration, it fails the test instead.
func Skip(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("STERLING_NO_SKIP") == "1" {
		t.Fatalf("nothing may be skipped here: %s", reason)
	}
	t.Skip(reason)
}
