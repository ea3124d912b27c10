package config

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// habits are what people write who have another language at hand, with what to
// write here. They are looked for only in a line that TOML has a fault with, so
// that one which fits a good line as well does no harm.
var habits = []struct {
	line *regexp.Regexp
	hint string
}{
	{regexp.MustCompile(`[“”„‘’‚«»]`), `use straight quotes: "…"`},
	{regexp.MustCompile("\u00a0"), "there is a non-breaking space in this line; write a plain one"},
	{regexp.MustCompile(`=\s*(?i:true|yes|on)\s*(#.*)?$`), "write true"},
	{regexp.MustCompile(`=\s*(?i:false|no|off)\s*(#.*)?$`), "write false"},
	{regexp.MustCompile(`^[\w.-]+\s*=.*;\s*(#.*)?$`), `remove the ";" at the end`},
	{regexp.MustCompile(`^[\w.-]+\s*=\s*("[^"]*"|'[^']*'|\w+)\s*,\s*(#.*)?$`), `remove the "," at the end`},
	{regexp.MustCompile(`^(//|/\*|--|;)`), "a comment begins with #"},
}

// habitOf returns what to write in place of a line; "" where it is none of the
// habits.
func habitOf(line string) string {
	if !utf8.ValidString(line) {
		return "save the file as UTF-8"
	}
	for _, h := range habits {
		if h.line.MatchString(line) {
			return h.hint
		}
	}
	return ""
}

// lineOf returns a line of the text, counted from 1, without what is around it.
func lineOf(text string, number int) string {
	for line := range strings.Lines(text) {
		if number--; number == 0 {
			return strings.Trim(line, " \t\r\n")
		}
	}
	return ""
}
