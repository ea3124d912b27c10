package config

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzParse wants that Parse ends, and that its problems are well formed,
// whatever the text.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.toml", "testdata/bad/*.toml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range files {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, problems := Parse("x.toml", data)
		if (cfg == nil) != (problems.Errors() > 0) {
			t.Errorf("a config: %v, beside %v", cfg != nil, problems)
		}
		if err := wellFormed(problems, string(data)); err != nil {
			t.Error(err)
		}
	})
}
