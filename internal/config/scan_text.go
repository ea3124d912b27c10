package config

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// peek is the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.src) {
		return s.src[s.at]
	}
	return 0
}

// take steps over spaces and c; false, past the spaces only, when c is not there.
func (s *scanner) take(c byte) bool {
	s.space()
	if s.at >= len(s.src) || s.src[s.at] != c {
		return false
	}
	s.at++
	return true
}

func (s *scanner) space() {
	for s.at < len(s.src) && (s.src[s.at] == ' ' || s.src[s.at] == '\t') {
		s.at++
	}
}

// comment steps over a comment, up to the end of its line.
func (s *scanner) comment() {
	if s.peek() == '#' {
		s.skipTo(strings.IndexByte(s.src[s.at:], '\n'))
	}
}

// skipTo moves n bytes on, to the end of the text when n is negative.
func (s *scanner) skipTo(n int) {
	if n < 0 {
		n = len(s.src) - s.at
	}
	s.line += strings.Count(s.src[s.at:s.at+n], "\n")
	s.at += n
}

// blank steps over space, comments and line ends.
func (s *scanner) blank() {
	for {
		s.space()
		s.comment()
		switch s.peek() {
		case '\n', '\r':
			s.skipTo(1)
		default:
			return
		}
	}
}

// lineEnd asks that nothing but space and a comment follows in this line.
func (s *scanner) lineEnd() bool {
	s.space()
	s.comment()
	return s.at >= len(s.src) || s.peek() == '\n' || s.peek() == '\r'
}

// key reads a dotted key.
func (s *scanner) key() ([]string, bool) {
	var parts []string
	for {
		s.space()
		part, ok := s.keyPart()
		if !ok {
			return nil, false
		}
		if parts = append(parts, part); len(parts) > maxDepth {
			s.deepLine = s.line
			return nil, false
		}
		if !s.take('.') {
			return parts, true
		}
	}
}

func (s *scanner) keyPart() (string, bool) {
	if c := s.peek(); c == '"' || c == '\'' {
		return s.str()
	}
	start := s.at
	for s.at < len(s.src) && bareKey(s.src[s.at]) {
		s.at++
	}
	return s.src[start:s.at], s.at > start
}

// str reads a string of any of the four kinds. Its value is right for those
// that may stand in a key, which have one line.
func (s *scanner) str() (string, bool) {
	line := s.line
	quote := s.src[s.at : s.at+1]
	if long := strings.Repeat(quote, 3); strings.HasPrefix(s.src[s.at:], long) {
		return "", s.longStr(long)
	}
	s.at++
	start := s.at
	for ; s.at < len(s.src); s.at++ {
		switch c := s.src[s.at]; {
		case c == quote[0]:
			s.at++
			if quote == "'" {
				return s.src[start : s.at-1], true
			}
			return unescape(s.src[start : s.at-1]), true
		case c == '\n':
			return "", false
		case c == '\\' && quote == `"`:
			s.at++
		}
	}
	s.at = len(s.src)
	s.openLine = line
	return "", false
}

// longStr reads a multi-line string; up to two quotes may stand before its end.
func (s *scanner) longStr(long string) bool {
	line := s.line
	s.at += 3
	for s.at < len(s.src) {
		if strings.HasPrefix(s.src[s.at:], long) {
			s.at += 3
			for n := 0; n < 2 && s.peek() == long[0]; n++ {
				s.at++
			}
			return true
		}
		if s.src[s.at] == '\\' && long[0] == '"' && s.at+1 < len(s.src) {
			s.skipTo(1)
		}
		s.skipTo(1)
	}
	s.openLine = line
	return false
}

// unescape reads the escapes of a basic string; those that TOML does not know
// stay as they are.
func unescape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		r, n := escape(text[i+1], text[i+2:])
		if n == 0 {
			r, n = '\\', 1
		}
		b.WriteRune(r)
		i += n - 1
	}
	return b.String()
}

// escape is the character that a letter after a backslash stands for, and how
// many bytes the whole escape takes; 0 for none.
func escape(letter byte, rest string) (rune, int) {
	if i := strings.IndexByte(`btnfre"\`, letter); i >= 0 {
		return rune("\b\t\n\f\r\x1b\"\\"[i]), 2
	}
	digits := 0
	switch letter {
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	}
	if digits == 0 || len(rest) < digits {
		return 0, 0
	}
	code, err := strconv.ParseUint(rest[:digits], 16, 31)
	if err != nil || !utf8.ValidRune(rune(code)) {
		return 0, 0
	}
	return rune(code), 2 + digits
}
