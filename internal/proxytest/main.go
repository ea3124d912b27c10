package proxytest

import (
	"os"
	"testing"
)

// Main is for the TestMain of a package that uses [StartChild] or [Start]: the
// test binary started again as a backend becomes one here, and what was built
// for the tests is removed at the end.
//
//	func TestMain(m *testing.M) { proxytest.Main(m) }
func Main(m *testing.M) {
	if spec := os.Getenv(childEnv); spec != "" {
		os.Exit(runChild(spec))
	}
	code := m.Run()
	built.remove()
	os.Exit(code)
}
