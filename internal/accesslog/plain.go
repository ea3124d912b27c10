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
	for len(s) >= 8 {
		w := s[i : i+8]
		x := uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 |
			uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
		quote, backslash := x^each*'"', x^each*'\\'
		// The high bit of a byte shows that it is less than first, a quote or a
		// backslash: the subtraction borrows; that it is DEL: the sum reaches
		// that bit; that it is beyond ASCII: it is set. A borrow or a carry can
		// spoil the next byte, but only where one was found.
		found := (x-each*uint64(first))&^x | (quote-each)&^quote | (backslash-each)&^backslash | (x + each) | x
		if found&high != 0 {
			break
		}
		if i += 8; i == len(s) {
			return i
		}
		i = min(i, len(s)-8) // the last eight may be looked at twice
	}
	for i < len(s) && printable[s[i]] >= first {
		i++
	}
	return i
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
