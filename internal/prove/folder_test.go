package prove

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFolderToKeepStaysAndTakesNothingOver(t *testing.T) {
	t.Parallel()
	short, err := os.MkdirTemp("", "keep") //nolint:usetesting // TempDir has the test's name in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(short) })
	o := Options{Keep: filepath.Join(short, "a", "b")}
	if err := o.judgeKeep(); err != nil {
		t.Fatal(err)
	}
	path, leave, err := o.folder()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{accessFile, adminFile} {
		if err := os.WriteFile(filepath.Join(path, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := leave(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(path); err != nil || len(left) != 1 || left[0].Name() != accessFile {
		t.Errorf("%v %v", left, err)
	}
	if err := o.judgeKeep(); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("what is there would be mixed up with another rehearsal: %v", err)
	}
	o.Keep = strings.Repeat("long/", 30)
	if err := o.judgeKeep(); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("a path in which no socket can be: %v", err)
	}
}
