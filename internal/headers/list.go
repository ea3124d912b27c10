package headers

import (
	"iter"
	"net/textproto"
	"strings"
)

// elements yields the elements of a comma-separated list (RFC 9110, section
// 5.6.1) that may stand on several lines. Empty ones are left out. It is for
// lists without quoted strings.
func elements(lines []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, line := range lines {
			for more := true; more; {
				var e string
				e, line, more = strings.Cut(line, ",")
				if e = textproto.TrimString(e); e != "" && !yield(e) {
					return
				}
			}
		}
	}
}

// hasToken reports whether a list has the token, in any case.
func hasToken(lines []string, token string) bool {
	for e := range elements(lines) {
		if strings.EqualFold(e, token) {
			return true
		}
	}
	return false
}
