package router

const upperHex = "0123456789ABCDEF"

// unhex reads the two hexadecimal digits that s begins with.
func unhex(s string) (byte, bool) {
	if len(s) < 2 {
		return 0, false
	}
	hi, lo := hexDigit(s[0]), hexDigit(s[1])
	if hi > 15 || lo > 15 {
		return 0, false
	}
	return hi<<4 | lo, true
}

// hexDigit is the value of a hexadecimal digit, 255 for any other byte.
func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

// isUnreserved is "unreserved" of RFC 3986, section 2.3.
func isUnreserved(c byte) bool { return classes[c] == unreserved }

// isPathByte is what may stand in a path unencoded: "pchar" of RFC 3986,
// section 3.3, without '%', and the slash.
func isPathByte(c byte) bool { return classes[c] != other }

const (
	other = iota
	unreserved
	delimiter
)

// classes says for every byte what it is in a path.
var classes = func() (t [256]uint8) {
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = unreserved, unreserved
	}
	for _, c := range []byte("0123456789-._~") {
		t[c] = unreserved
	}
	for _, c := range []byte("!$&'()*+,;=:@/") {
		t[c] = delimiter
	}
	return t
}()
