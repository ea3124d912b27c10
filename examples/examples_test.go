// Package examples holds configurations to start from; this test loads each of
// them, and those that the documentation shows whole.
package examples

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sterling/internal/config"
)

func TestEveryExampleLoadsWithoutAWord(t *testing.T) {
	files, err := filepath.Glob("*/sterling.toml")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	folders := 0
	for _, e := range entries {
		if e.IsDir() {
			folders++
		}
	}
	if folders == 0 || len(files) != folders {
		t.Fatalf("%d folders hold %d configurations", folders, len(files))
	}
	for _, file := range files {
		if _, problems := config.Load(file); len(problems) > 0 {
			t.Errorf("%v", problems)
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(file), "README.md")); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestConfigurationsInTheDocumentationLoad(t *testing.T) {
	for _, file := range []string{"../README.md", "../docs/operations.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		blocks := strings.Split(string(text), "\n```toml\n")[1:]
		if len(blocks) == 0 {
			t.Errorf("%s shows no configuration", file)
		}
		for i, block := range blocks {
			block, _, ok := strings.Cut(block, "\n```\n")
			if !ok {
				t.Fatalf("%s: block %d has no end", file, i)
			}
			if _, problems := config.Parse(file, []byte(block+"\n")); len(problems) > 0 {
				t.Errorf("%s: block %d: %v", file, i, problems)
			}
		}
	}
}
