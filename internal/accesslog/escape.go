package accesslog

import "unicode/utf8"

const hexDigits = "0123456789abcdef"

// appendJSONText appends s as what stands between the quotes of a JSON string
// (RFC 8259 section 7). Invalid UTF-8 becomes U+FFFD, byte by byte. Beyond what
// JSON asks for, DEL, the C1 controls and the line separators U+2028 and U+2029
// are escaped, because terminals and line-based readers act on them.
func appendJSONText(b []byte, s string) []byte {
	i := plain(s, ' ')
	if i == len(s) {
		return append(b, s...)
	}
	done := 0
	for i < len(s) {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		if r < utf8.RuneSelf || !plainRune(r, size) {
			b = append(b, s[done:i]...)
			b = appendJSONEscape(b, r)
			done = i + size
		}
		i += size
		i += plain(s[i:], ' ')
	}
	return append(b, s[done:]...)
}

// plainRune tells whether a rune outside ASCII, decoded from size bytes, may
// stand in a line as it is.
func plainRune(r rune, size int) bool {
	invalid := r == utf8.RuneError && size == 1
	return !invalid && r > 0x9f && r != '\u2028' && r != '\u2029'
}

func appendJSONEscape(b []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(b, '\\', byte(r))
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u',
		hexDigits[r>>12&0xf], hexDigits[r>>8&0xf], hexDigits[r>>4&0xf], hexDigits[r&0xf])
}

// appendText appends s as Apache's log does: a quote and a backslash behind a
// backslash, every byte that is not printable ASCII as \xNN, and "-" for
// nothing. Where no quotes stand around the value, a space is \x20, so that it
// cannot pass for the end of the field.
func appendText(b []byte, s string, quoted bool) []byte {
	if s == "" {
		return append(b, '-')
	}
	return appendEscaped(b, s, quoted)
}

func appendEscaped(b []byte, s string, quoted bool) []byte {
	first := byte(' ')
	if !quoted {
		first++
	}
	for {
		n := plain(s, first)
		b = append(b, s[:n]...)
		if n == len(s) {
			return b
		}
		if c := s[n]; c == '"' || c == '\\' {
			b = append(b, '\\', c)
		} else {
			b = append(b, '\\', 'x', hexDigits[c>>4], hexDigits[c&0xf])
		}
		s = s[n+1:]
	}
}
