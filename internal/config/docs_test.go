package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const reference = "../../docs/configuration.md"

// documented lists the rows of the reference, by key: type, default and change.
func documented(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string][]string)
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		key, isKey := strings.CutPrefix(cells[0], "| `")
		if !isKey || len(cells) < 5 {
			continue
		}
		key = strings.TrimSuffix(key, "`")
		if rows[key] != nil {
			t.Errorf("%s is documented twice", key)
		}
		rows[key] = cells[1:4]
	}
	return rows
}

func TestTheReferenceAgreesWithTheSchema(t *testing.T) {
	rows := documented(t)
	for _, k := range Keys() {
		want := []string{k.Type, k.Default, "live"}
		if k.Restart {
			want[2] = "restart"
		}
		if k.Required {
			want[1] = "required"
		} else if k.Default == "" {
			want[1] = "none"
		}
		if got := rows[k.Key]; !slices.Equal(got, want) {
			t.Errorf("%s is documented as %q, want %q", k.Key, got, want)
		}
		delete(rows, k.Key)
	}
	for key := range rows {
		t.Errorf("%s is documented, but is no key", key)
	}
}

// tomlBlock is a configuration that a page shows. A fragment has a comment
// before it that says so.
type tomlBlock struct {
	page     string
	line     int
	text     string
	fragment bool
}

func tomlBlocks(t *testing.T) []tomlBlock {
	t.Helper()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []tomlBlock
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if os.IsNotExist(err) {
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		for i, line := range lines {
			if line != "```toml" {
				continue
			}
			n := slices.Index(lines[i+1:], "```")
			if n < 0 {
				t.Fatalf("%s:%d: the block has no end", page, i+1)
			}
			blocks = append(blocks, tomlBlock{page, i + 1, strings.Join(lines[i+1:i+1+n], "\n"),
				i > 0 && lines[i-1] == "<!-- fragment -->"})
		}
	}
	return blocks
}

// What a fragment may lack, because it stands elsewhere in a whole file.
func onlyIncomplete(p Problem) bool {
	for _, text := range []string{"is missing", "there is none", "there is no pool", "has no backend", "https needs a certificate", "no route uses"} {
		if strings.Contains(p.Text, text) {
			return true
		}
	}
	return false
}

func TestConfigurationsInTheDocsLoad(t *testing.T) {
	blocks := tomlBlocks(t)
	if len(blocks) < 10 {
		t.Errorf("only %d blocks found", len(blocks))
	}
	for _, b := range blocks {
		_, problems := Parse("block", []byte(b.text))
		for _, p := range problems {
			if !b.fragment || !onlyIncomplete(p) {
				t.Errorf("%s:%d: %v", b.page, b.line+p.Line, p)
			}
		}
	}
}

func TestTheReferenceBeginsWithTheSample(t *testing.T) {
	for _, b := range tomlBlocks(t) {
		if b.page == reference {
			if want := readGood(t, "sample.toml"); b.text+"\n" != want {
				t.Errorf("the first file differs from testdata/good/sample.toml:\n%s", b.text)
			}
			return
		}
	}
	t.Error("no file shown")
}

func TestExamplesLoad(t *testing.T) {
	files, err := filepath.Glob("../../examples/*/*.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if _, problems := Load(file); len(problems) > 0 {
			t.Errorf("%v", problems)
		}
	}
}
