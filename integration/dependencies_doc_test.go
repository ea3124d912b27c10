package integration

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/dependencies.md names every module with the packages that import it, and
// no others.
func TestEveryDependencyIsListedWhereItIsUsed(t *testing.T) {
	text, err := os.ReadFile("../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	_, binary, _ := strings.Cut(string(text), "## In the binary")
	binary, tests, _ := strings.Cut(binary, "## In tests alone")
	tests, _, _ = strings.Cut(tests, "##")
	listed := map[string][]string{}
	quoted := regexp.MustCompile("`([^`]+)`")
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\|").FindAllStringSubmatch(binary, -1) {
		listed[m[1]] = []string{}
		for _, p := range quoted.FindAllStringSubmatch(m[2], -1) {
			listed[m[1]] = append(listed[m[1]], p[1])
		}
	}
	used, usedByTests := importers(t)
	for _, module := range slices.Sorted(maps.Keys(used)) {
		if got := slices.Sorted(slices.Values(listed[module])); !slices.Equal(got, used[module]) {
			t.Errorf("%s is imported by %q, and said to be by %q", module, used[module], got)
		}
		delete(listed, module)
	}
	for module := range listed {
		t.Errorf("%s is listed, and nobody imports it", module)
	}
	for module := range usedByTests {
		if said := strings.Contains(tests, "| `"+module+"` |"); said != (used[module] == nil) {
			t.Errorf("%s: listed as one of the tests' alone: %v", module, said)
		}
	}
	if len(used) < 9 {
		t.Errorf("only %d modules are used", len(used))
	}
}

// importers are the packages that import each required module: those of the
// binary, and tests with what serves them alone.
func importers(t *testing.T) (product, tests map[string][]string) {
	required, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var modules []string
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(string(required), -1) {
		modules = append(modules, m[1])
	}
	product, tests = map[string][]string{}, map[string][]string{}
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return skipped(d, err)
		}
		folder := filepath.ToSlash(filepath.Dir(strings.TrimPrefix(path, ".."+string(filepath.Separator))))
		into, tested := product, strings.HasSuffix(path, "_test.go") || strings.HasPrefix(folder, "integration") || folder == "internal/proxytest"
		if tested {
			into = tests
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range file.Imports {
			name := strings.Trim(i.Path.Value, `"`)
			if !tested && (name == "C" || name == "unsafe") {
				t.Errorf("%s imports %q", path, name)
			}
			for _, m := range modules {
				if (name == m || strings.HasPrefix(name, m+"/")) && !slices.Contains(into[m], folder) {
					into[m] = append(into[m], folder)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, folders := range product {
		slices.Sort(folders)
	}
	return product, tests
}

// skipped passes over folders that hold no code of ours.
func skipped(d fs.DirEntry, err error) error {
	if err == nil && d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && d.Name() != "..") {
		return fs.SkipDir
	}
	return err
}
