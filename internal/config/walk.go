package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// walker reads a decoded tree into a Config along the schema, and collects what
// is wrong with it.
type walker struct {
	file     string
	pos      *positions
	problems Problems
	given    map[string]bool // keys that the file holds and the schema knows
	bad      map[string]bool // keys with an error
	schema   func() []placed // every row, for hints
}

// rows reads one table.
func (w *walker) rows(key string, m map[string]any, rows []field) {
	for _, f := range rows {
		at := join(key, f.name)
		v, given := m[f.name]
		switch {
		case given:
			w.given[at] = true
			f.read(w, at, v)
		case f.required:
			w.fault(at, faultf("add it to "+describeTable(key), "is missing"))
		}
	}
	for name := range m {
		if !slices.ContainsFunc(rows, func(f field) bool { return f.name == name }) {
			w.fault(join(key, name), &fault{"unknown key", w.unknownHint(key, name, rows)})
		}
	}
}

func notYet(what string) *fault {
	return faultf("", "%s is not supported yet", what)
}

// text reads a value that is written as a string.
func (w *walker) text(key string, v any, k accepted) {
	text, ok := v.(string)
	if n, isInt := v.(int64); isInt && k.numbers {
		text, ok = strconv.FormatInt(n, 10), true
	}
	switch n, isInt := v.(int64); {
	case ok:
	case isInt && n > 0 && k.name == "duration":
		w.wrongType(key, k.name, v, durationHint(strconv.FormatInt(n, 10)))
		return
	default:
		w.wrongType(key, k.name, v, "write it like "+k.example)
		return
	}
	if f := k.take(text); f != nil {
		w.fault(key, f)
	}
}

// oneTable wants [name] or { }.
func (w *walker) oneTable(key string, v any) (map[string]any, bool) {
	switch v := v.(type) {
	case map[string]any:
		return v, true
	case []map[string]any:
		w.wrongType(key, "a table", v, "write "+header(schemaPath(key), false)+" once, with single brackets")
	default:
		w.wrongType(key, "a table", v, "write "+header(schemaPath(key), false)+" and its keys in the lines below")
	}
	return nil, false
}

// manyTables wants [[name]] or a list of { }. An entry of another type is
// reported and nil.
func (w *walker) manyTables(key string, v any) ([]map[string]any, bool) {
	hint := "write " + header(schemaPath(key), true) + " with double brackets before each entry"
	switch v := v.(type) {
	case []map[string]any:
		return v, true
	case []any:
		entries := make([]map[string]any, len(v))
		for i, entry := range v {
			m, ok := entry.(map[string]any)
			if !ok {
				w.wrongType(index(key, i), "a table", entry, hint)
			}
			entries[i] = m
		}
		return entries, true
	}
	w.wrongType(key, "an array of tables", v, hint)
	return nil, false
}

func (w *walker) wrongType(key, want string, got any, hint string) {
	w.fault(key, faultf(hint, "is %s, not %s", typeName(got), article(want)))
}

// article puts "a" or "an" before the name of a kind that takes one.
func article(noun string) string {
	first, _, _ := strings.Cut(noun, " ")
	switch {
	case strings.ContainsAny(noun, ":,") || slices.Contains([]string{"a", "an", "one", "true", "stderr"}, first):
		return noun
	case strings.IndexByte("aeio", noun[0]) >= 0:
		return "an " + noun
	}
	return "a " + noun
}

// fault reports an error.
func (w *walker) fault(key string, f *fault) {
	w.bad[key] = true
	w.problems = append(w.problems, Problem{File: w.file, Line: w.pos.line(key), Key: key, Text: f.text, Hint: f.hint})
}

// warn reports what the configuration works in spite of.
func (w *walker) warn(key string, f *fault) {
	w.problems = append(w.problems, Problem{File: w.file, Line: w.pos.line(key), Key: key, Text: f.text, Hint: f.hint, Warning: true})
}

// clean says that none of the keys has an error so far.
func (w *walker) clean(keys ...string) bool {
	return !slices.ContainsFunc(keys, func(key string) bool { return w.bad[key] })
}

// has says that the file holds the key, with a value that could be read.
func (w *walker) has(key string) bool { return w.given[key] && !w.bad[key] }

// at names the line of a key, for a hint that points elsewhere.
func (w *walker) at(key string) string { return fmt.Sprintf("line %d", w.pos.line(key)) }

// entryIndex is the place in an array, as a path holds it.
var entryIndex = regexp.MustCompile(`\[[0-9]+\]`)

// schemaPath turns a path of a file into one of the schema: "pool[0].tls" is "pool[].tls".
func schemaPath(key string) string { return entryIndex.ReplaceAllString(key, "[]") }

// describeTable names the table of a key for a hint.
func describeTable(key string) string {
	if key == "" {
		return "the file"
	}
	path := schemaPath(key)
	return header(strings.TrimSuffix(path, "[]"), strings.HasSuffix(path, "[]"))
}
