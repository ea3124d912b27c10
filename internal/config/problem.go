package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Problem is one thing that is wrong with a configuration file.
type Problem struct {
	File    string // as given to Load; "" when unknown
	Line    int    // from 1
	Key     string // dotted, "pool[0].backend[1].url"; "" for a fault of syntax
	Text    string // what is wrong, never with a secret in it
	Hint    string // what to do about it; may be empty
	Warning bool   // the configuration works all the same
}

// String is the form that people read, one line without its end:
// "file:line: key: text; hint", with "warning: " before the text of a warning.
func (p Problem) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: ", printable(p.File), max(p.Line, 1))
	if p.Key != "" {
		b.WriteString(printable(p.Key) + ": ")
	}
	if p.Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(printable(p.Text))
	if p.Hint != "" {
		b.WriteString("; " + printable(p.Hint))
	}
	return b.String()
}

// Problems is everything found in one file. As an error it holds a line for
// each of them.
type Problems []Problem

// Error lists the problems, a line each.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Sort puts the problems in the order of the file.
func (ps Problems) Sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Key, b.Key),
			cmp.Compare(a.Text, b.Text),
		)
	})
}

// Errors counts those that keep the configuration from being used.
func (ps Problems) Errors() int { return len(ps) - ps.Warnings() }

// Warnings counts those that do not.
func (ps Problems) Warnings() int {
	n := 0
	for _, p := range ps {
		if p.Warning {
			n++
		}
	}
	return n
}

// Err is nil when there is no error among the problems, only warnings or
// nothing. Otherwise it is the Problems themselves, warnings included.
func (ps Problems) Err() error {
	if ps.Errors() == 0 {
		return nil
	}
	return ps
}

// Problem makes an error found after Parse, at the line of key or, where the
// file does not hold that key, of the nearest table around it.
func (c *Config) Problem(key, text, hint string) Problem {
	return Problem{File: c.Path, Line: c.positions.line(key), Key: key, Text: text, Hint: hint}
}

// Warning is Problem for what the configuration works in spite of.
func (c *Config) Warning(key, text, hint string) Problem {
	p := c.Problem(key, text, hint)
	p.Warning = true
	return p
}

// printable writes control characters as escapes: file names and keys come
// from outside, and a problem must stay on one line of a terminal.
func printable(s string) string {
	if strings.IndexFunc(s, unicode.IsControl) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unicode.IsControl(r) {
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
