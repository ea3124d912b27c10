package integration

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// docs/security.md has every id, each with a test that exists.
func TestEveryKnownAttackHasItsTest(t *testing.T) {
	text, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	exists := map[string]bool{}
	err = filepath.WalkDir("..", func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(source, -1) {
			exists[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	rows := 0
	first, _, _ := strings.Cut(string(text), "## The same bytes")
	for _, m := range regexp.MustCompile(`(?m)^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$`).FindAllStringSubmatch(first, -1) {
		if m[1] == "id" || m[1] == "---" {
			continue
		}
		rows++
		ids = append(ids, m[1])
		tests := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(m[3], -1)
		if len(tests) == 0 && m[1] != "S8" && m[1] != "P8" {
			t.Errorf("%s names no test", m[1])
		}
		for _, name := range tests {
			if !exists[name[1]] {
				t.Errorf("%s names %s, which there is not", m[1], name[1])
			}
		}
	}
	for group, last := range map[string]int{"S": 11, "U": 6, "H": 6, "F": 8, "P": 9, "A": 9} {
		for n := 1; n <= last; n++ {
			if id := group + strconv.Itoa(n); !slices.Contains(ids, id) {
				t.Errorf("%s is missing", id)
			}
		}
	}
	var compared []string
	for _, a := range attacks() {
		compared = append(compared, "| "+a.id+" | "+a.name+" |")
	}
	for _, a := range torrents() {
		compared = append(compared, "| "+a.id+" | "+a.name+" |")
	}
	for _, begin := range compared {
		if !strings.Contains(string(text), "\n"+begin) {
			t.Errorf("%s is not in the comparison", begin)
		}
	}
	if rows < 55 {
		t.Errorf("%d rows", rows)
	}
}
