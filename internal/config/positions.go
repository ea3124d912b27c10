package config

import (
	"strconv"
	"strings"
)

// positions knows the line of every key of a file. Nil knows none, and every
// key is then at line 1.
type positions struct {
	lines map[string]int // by path, "pool[0].backend[1].url"
}

func newPositions() *positions { return &positions{lines: make(map[string]int)} }

// note keeps the first line that a path was seen at.
func (p *positions) note(path string, line int) {
	if _, seen := p.lines[path]; !seen {
		p.lines[path] = line
	}
}

// line is the line of a key, else of the nearest table around it, else 1.
func (p *positions) line(key string) int {
	for p != nil && key != "" {
		if line, ok := p.lines[key]; ok {
			return line
		}
		key = parent(key)
	}
	return 1
}

// parent cuts the last step off a path; "" is the file itself.
func parent(key string) string { return key[:max(strings.LastIndexAny(key, ".["), 0)] }

// join adds a key to a path. A key that TOML would not take bare is quoted, so
// that no two paths look the same.
func join(path, key string) string {
	if key == "" || strings.IndexFunc(key, func(r rune) bool { return r > 127 || !bareKey(byte(r)) }) >= 0 {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// index adds the place in an array to a path.
func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

func bareKey(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}
