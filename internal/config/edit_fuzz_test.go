package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// What is written of a configuration that nobody has changed means the same.
func FuzzEdit(f *testing.F) {
	files, err := filepath.Glob("testdata/good/*.toml")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, s := range []string{"a.'b c'.\"\\n\" = 1", "a = [[1], ['x']]", "[[a]]\n[[a.b]]\nc = {d = 1e400}", "a = inf", "a = 07:32:00", "a = '''\n\r\n'''", "a = [{}]", "\"\" = 0"} {
		f.Add([]byte(s))
	}
	path := filepath.Join(f.TempDir(), "sterling.toml")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		var before map[string]any
		text, err := Edit(path, func(tree map[string]any) { before = tree })
		if err != nil {
			if before == nil && !strings.Contains(err.Error(), path) {
				t.Fatalf("nobody is told which file: %v", err)
			}
			return
		}
		want, wantProblems := Parse(path, data)
		got, problems := Parse(path, text)
		if (want == nil) != (got == nil) || wantProblems.Errors() != problems.Errors() {
			t.Fatalf("%q had %v, and %q has %v", data, wantProblems, text, problems)
		}
		if got == nil {
			return
		}
		got.positions, want.positions = nil, nil
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q became %q", data, text)
		}
	})
}
