package proxytest

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Binary names an environment variable: a program built already, to be tested
// in place of one built from cmd/proxy. The go command does not see when it
// changes: use -count=1 with it.
const Binary = "STERLING_BINARY"

// Race names an environment variable: when it is not empty, the program is
// built with the race detector, and a race it finds fails its test.
const Race = "STERLING_RACE"

type build struct {
	once sync.Once
	dir  string
	path string
	err  error
}

// built is the program under test, made once for all tests of the process. It
// is guarded by its Once.
var built build

// Program returns the path of the program under test, and builds it first
// where that was not done yet.
func Program(t testing.TB) string {
	t.Helper()
	built.once.Do(built.make)
	if built.err != nil {
		t.Fatalf("building the program: %v", built.err)
	}
	return built.path
}

// Raced reports whether the program under test was built with the race
// detector, whose bookkeeping makes its memory and its times tell nothing.
func Raced(t testing.TB) bool {
	t.Helper()
	info, err := buildinfo.ReadFile(Program(t))
	if err != nil {
		t.Fatalf("reading how the program was built: %v", err)
	}
	for _, s := range info.Settings {
		if s.Key == "-race" && s.Value == "true" {
			return true
		}
	}
	return false
}

func (b *build) make() {
	if b.path = os.Getenv(Binary); b.path != "" {
		return
	}
	if b.err = lookAtSources(); b.err != nil {
		return
	}
	if b.dir, b.err = os.MkdirTemp("", "sterling"); b.err != nil {
		return
	}
	b.path = filepath.Join(b.dir, "sterling")
	args := []string{"build", "-o", b.path}
	if os.Getenv(Race) != "" {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, "sterling/cmd/proxy")...).CombinedOutput() //nolint:gosec,noctx // the go command itself
	if err != nil {
		b.err = fmt.Errorf("%w: %s", err, out)
	}
}

// lookAtSources asks for the state of every file that the program may be made
// of. The go command keeps the results of tests, and knows what they depend on
// by what they look at: what a child process reads does not count.
func lookAtSources() error {
	root, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(root) == root {
			return errors.New("there is no go.mod above the test")
		}
		root = filepath.Dir(root)
	}
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (d.Name()[0] == '.' || d.Name() == "testdata" || d.Name() == "integration"):
			return fs.SkipDir
		case d.Type().IsRegular() && !strings.HasSuffix(path, "_test.go"):
			_, err = os.Stat(path)
		}
		return err
	})
}

func (b *build) remove() {
	if b.dir != "" {
		_ = os.RemoveAll(b.dir) // in the temporary folder; somebody will
	}
}
