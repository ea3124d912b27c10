package config

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestScannerNamesTheLineOfEachKey(t *testing.T) {
	const text = `# a comment with [brackets] and = signs
top = 1 # not a = key
a.b.c = "x"
a.b."d.e" = 'y'

[log] # [not.this]
level = "info"

[[pool]]
name = "p1"
[pool.affinity]
by = "none"
[[pool.backend]]
url = "http://a"
[[pool.backend]]
url = "http://b"

[[pool]]
name = """
[[pool]]
name = "no"
""" # after a text
[[pool.backend]]
tags = [
  "one", # 1
  # two
  { in = 1, "l\u0069ne" = [
     2 ] },
]
'it''s' = 1
`
	s := scan(strings.Replace(text, "'it''s'", "'it is'", 1))
	want := map[string]int{
		"top": 2, "a": 3, "a.b": 3, "a.b.c": 3, `a.b."d.e"`: 4,
		"log": 6, "log.level": 7,
		"pool": 9, "pool[0]": 9, "pool[0].name": 10, "pool[0].affinity": 11, "pool[0].affinity.by": 12,
		"pool[0].backend": 13, "pool[0].backend[0]": 13, "pool[0].backend[0].url": 14,
		"pool[0].backend[1]": 15, "pool[0].backend[1].url": 16,
		"pool[1]": 18, "pool[1].name": 19, "pool[1].backend": 23, "pool[1].backend[0]": 23,
		"pool[1].backend[0].tags": 24, "pool[1].backend[0].tags[0]": 25, "pool[1].backend[0].tags[1]": 27,
		"pool[1].backend[0].tags[1].in": 27, "pool[1].backend[0].tags[1].line": 27, "pool[1].backend[0].tags[1].line[0]": 28,
		`pool[1].backend[0]."it is"`: 30,
	}
	for key, line := range want {
		if got := s.pos.lines[key]; got != line {
			t.Errorf("%s at line %d, want %d", key, got, line)
		}
	}
	for key := range s.pos.lines {
		if _, ok := want[key]; !ok {
			t.Errorf("found %s, which is not there", key)
		}
	}
}

func TestAHeaderSaysMoreThanAKeyBelowIt(t *testing.T) {
	s := scan("[a.b]\nx = 1\n[a]\ny = 2\n")
	if got := s.pos.lines["a"]; got != 3 {
		t.Errorf("a at line %d, want 3", got)
	}
}

func TestAnUnknownPositionFallsBackToItsTable(t *testing.T) {
	s := scan("x = 1\n\n[[route]]\n[route.request.set]\nX-Front = 'a'\n")
	for key, want := range map[string]int{
		"route[0].request.set.X-Front": 5,
		"route[0].request.set.X-Other": 4,
		"route[0].request.set.X.Y":     4,
		`route[0].request.set."X.Y"`:   4,
		"route[0].response.remove[3]":  3,
		"route[0]":                     3,
		"route[7].name":                3,
		"pool[0].backend[1].url":       1,
		"":                             1,
		"..[[]][":                      1,
	} {
		if got := s.pos.line(key); got != want {
			t.Errorf("%q at line %d, want %d", key, got, want)
		}
	}
	var none *positions
	if got := none.line("a.b"); got != 1 {
		t.Errorf("without positions line %d, want 1", got)
	}
}

// paths lists every path of a decoded tree.
func paths(path string, v any, found map[string]bool) {
	if path != "" {
		found[path] = true
	}
	switch v := v.(type) {
	case map[string]any:
		for key, v := range v {
			paths(join(path, key), v, found)
		}
	case []map[string]any:
		for i, v := range v {
			paths(index(path, i), v, found)
		}
	case []any:
		for i, v := range v {
			paths(index(path, i), v, found)
		}
	}
}

// FuzzPositions holds the scanner to what the TOML library finds in a text that
// the library takes: the same keys, each at a line of the text.
func FuzzPositions(f *testing.F) {
	for _, seed := range []string{
		"", "a = 1", "[a]\nb.c = {d = [1, {e = 2}], f.g = 'x'}\n", "[[a]]\n[[a.b]]\n[[a]]\n[a.c]\nx=1",
		"a = \"\"\"x\\\"\"\"\"\"\nb = '''y''''\n", "\"a\\u0062\\x41\\t\" = [\n # c\n 1,\n]\n", "'' = 1\n\"\" . b = 2", "a = 1979-05-27 07:32:00Z # x\r\nb = +inf\r\n",
		"a={x=1,\n y=2,}\n", "[ a . 'b' ]\n[[ c ]]\n", readGood(f, "full.toml"), readGood(f, "sample.toml"),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tree, pos, fault := decode([]byte(text))
		if fault != nil {
			return
		}
		want := make(map[string]bool)
		paths("", tree, want)
		for key := range want {
			if line := pos.lines[key]; line < 1 || line > lineCount(text) {
				t.Errorf("%s at line %d; all: %v", key, line, slices.Sorted(maps.Keys(pos.lines)))
			}
		}
		for key := range pos.lines {
			if !want[key] {
				t.Errorf("the scanner alone found %s; all: %v", key, slices.Sorted(maps.Keys(want)))
			}
		}
	})
}

func TestOnlyNestingIsBounded(t *testing.T) {
	wide := strings.Repeat("[[a]]\nb = [[1], {c = [2]}]\n", 2*maxDepth)
	if s := scan(wide); s.deepLine != 0 || s.pos.lines["a[127].b[1].c[0]"] != 4*maxDepth {
		t.Errorf("a long file: too deep at line %d, its last key at line %d", s.deepLine, s.pos.lines["a[127].b[1].c[0]"])
	}
	for _, deep := range []string{"x = 1\na = " + strings.Repeat("[", 1e6), "x = 1\n[" + strings.Repeat("a.", 1e5) + "b]"} {
		if s := scan(deep); s.deepLine != 2 {
			t.Errorf("%.20s…: too deep at line %d, want 2", deep, s.deepLine)
		}
	}
}
