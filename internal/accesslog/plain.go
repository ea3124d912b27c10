package accesslog

// Eight bytes at once, each compared on its own.
const (
	each = 0x0101010101010101
	high = 0x8080808080808080
)

// plain returns how many bytes at the start of s are printable ASCII and
// neither a quote nor a backslash. Nearly all values of a log are so to their
// end. first is the first printable byte: the space, or what comes after it.
func plain(s string, first byte) int {
	i := 0
	for ; len(s)-i >= 8; i += 8 {
		if !plainEight(s[i:i+8], first) {
			break
		}
	}
	if i > 0 && len(s)-i < 8 && plainEight(s[len(s)-8:], first) {
		return len(s) // some bytes were looked at twice
	}
	for i < len(s) && printable[s[i]] >= first {
		i++
	}
	return i
}

// plainEight reports whether all of eight bytes are plain.
func plainEight(s string, first byte) bool {
	_ = s[7]
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	quote, backslash := x^each*'"', x^each*'\\'
	// The high bit of a byte shows that it is less than first, a quote or a
	// backslash: the subtraction borrows; that it is DEL: the sum reaches that
	// bit; that it is beyond ASCII: it is set. A borrow or a carry can spoil the
	// next byte, but only where one was found.
	found := (x-each*uint64(first))&^x | (quote-each)&^quote | (backslash-each)&^backslash | (x + each) | x
	return found&high == 0
}

// printable has every plain byte as itself, and 0 for the others.
var printable = func() (t [256]byte) {
	for c := byte(' '); c < 0x7f; c++ {
		if c != '"' && c != '\\' {
			t[c] = c
		}
	}
	return t
}()
