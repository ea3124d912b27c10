package accesslog

import "unicode/utf8"

const hexDigits = "0123456789abcdef"

// appendJSONString appends s as a JSON string (RFC 8259 section 7). Invalid
// UTF-8 becomes U+FFFD, byte by byte. Beyond what JSON asks for, DEL, the C1
// controls and the line separators U+2028 and U+2029 are escaped, because
// terminals and line-based readers act on them.
func appendJSONString(b []byte, s string) []byte {
	b = append(b, '"')
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		size := 1
		r := rune(c)
		if c >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
			if plainRune(r, size) {
				i += size
				continue
			}
		}
		b = append(b, s[done:i]...)
		b = appendJSONEscape(b, r)
		i += size
		done = i
	}
	b = append(b, s[done:]...)
	return append(b, '"')
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
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c >= 0x7f || c == ' ' && !quoted:
			b = append(b, '\\', 'x', hexDigits[c>>4], hexDigits[c&0xf])
		default:
			b = append(b, c)
		}
	}
	return b
}
