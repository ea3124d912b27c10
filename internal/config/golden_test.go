package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the problems found as the ones wanted")

// Each file of testdata/bad holds a fault; the .want beside it lists the
// problems, word for word.
func TestProblemsOfBadFiles(t *testing.T) {
	paths, err := filepath.Glob("testdata/bad/*.toml")
	if err != nil || len(paths) < 40 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".toml"), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			cfg, problems := Parse(filepath.Base(path), data)
			if (cfg == nil) != (problems.Errors() > 0) {
				t.Errorf("config %v beside %d errors", cfg != nil, problems.Errors())
			}
			if len(problems) == 0 {
				t.Error("no problem found")
			}
			got := problems.Error() + "\n"
			wantPath := strings.TrimSuffix(path, ".toml") + ".want"
			if *update {
				if err := os.WriteFile(wantPath, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(wantPath)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// The bad files use one password wherever a secret may stand, in good places
// and in wrong ones.
func TestNoProblemShowsASecret(t *testing.T) {
	paths, err := filepath.Glob("testdata/bad/*.toml")
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		held += strings.Count(string(data), "hunter2")
		if _, problems := Parse(path, data); strings.Contains(problems.Error(), "hunter2") {
			t.Errorf("%v", problems)
		}
	}
	if held < 5 {
		t.Errorf("the password stands in %d places only", held)
	}
}
