package session

import (
	"iter"
	"strings"
)

// blank is the white space that may stand around a cookie pair.
const blank = " \t"

// segments yields what stands between the semicolons of a Cookie line, white
// space included. Quotes hide nothing: RFC 6265, section 4.2.1, knows no
// semicolon inside a value, and browsers cut at each one.
func segments(line string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for more := true; more; {
			var segment string
			segment, line, more = strings.Cut(line, ";")
			if !yield(segment) {
				return
			}
		}
	}
}

// pair splits a segment into a name and a value, without the white space
// around them. A segment without "=" is, for browsers, a value with no name.
func pair(segment string) (name, value string) {
	name, value, ok := strings.Cut(segment, "=")
	if !ok {
		return "", strings.Trim(segment, blank)
	}
	return strings.Trim(name, blank), strings.Trim(value, blank)
}
