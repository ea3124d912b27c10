package proxytest

import (
	"os"
	"testing"
)

// ShortDir makes a folder that ends with the test. The path of the test's own
// one may be too long for a socket in it.
func ShortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "st") //nolint:usetesting // see above
	if err != nil {
		t.Fatalf("making a folder: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // in the temporary folder
	return dir
}
