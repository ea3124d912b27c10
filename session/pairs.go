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

// cookieIn finds the first cookie of that name at or after from, which is 0 or
// an earlier next, in a Cookie line. It returns the cookie's value and where to
// look for the next one, or -1 if there is none. It sees what segments and pair
// see, and does not look at other cookies one by one.
func cookieIn(line, name string, from int) (value string, next int) {
	for {
		i := strings.Index(line[from:], name)
		if i < 0 {
			return "", -1
		}
		before, after := line[:from+i], line[from+i+len(name):]
		// A name that goes on in either direction is another one. None begins
		// inside this one: no name holds a semicolon or a blank.
		from = len(before) + len(name)
		if !endsSegment(before) {
			continue
		}
		if after = trimLeft(after); after == "" || after[0] != '=' {
			continue
		}
		next = len(line)
		if end := strings.IndexByte(after, ';'); end >= 0 {
			next -= len(after) - end
			after = after[:end]
		}
		return trim(after[1:]), next
	}
}

// trim takes the blanks from both ends. It is what strings.Trim does, at a
// tenth of the cost where there are none.
func trim(s string) string {
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return trimLeft(s)
}

func trimLeft(s string) string {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	return s
}

// endsSegment reports whether a new segment has begun after s, with nothing
// but blanks so far.
func endsSegment(s string) bool {
	for i := len(s) - 1; i >= 0; i-- {
		switch s[i] {
		case ';':
			return true
		case ' ', '\t':
		default:
			return false
		}
	}
	return true
}
