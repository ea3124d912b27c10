package http1

import (
	"encoding/binary"
	"strings"
)

// Classes of bytes, for the tables below.
const (
	tokenByte  = 1 << iota // in a method or a header's name (RFC 9110, section 5.6.2)
	targetByte             // in a request target
	pathByte               // in a path that stands in a URL as it is
	hostByte               // in a Host header
)

var byteClass = makeByteClasses()

func makeByteClasses() *[256]uint8 {
	var t [256]uint8
	for c := range 256 {
		b := byte(c) //nolint:gosec // below 256
		alnum := b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
		if alnum || strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0 {
			t[c] |= tokenByte
		}
		if b > ' ' && b < 0x7f && b != '#' {
			t[c] |= targetByte
		}
		if alnum || strings.IndexByte("-_.~$&+,/:;=@", b) >= 0 {
			t[c] |= pathByte
		}
		// As net/http: IPv6 zones, percent signs and sub-delimiters may stand there.
		if alnum || strings.IndexByte("!$%&'()*+,-.:;=[]_~", b) >= 0 {
			t[c] |= hostByte
		}
	}
	return &t
}

// all reports whether every byte is of the class.
func all(b []byte, class uint8) bool {
	for _, c := range b {
		if byteClass[c]&class == 0 {
			return false
		}
	}
	return true
}

// controls reports whether there is a control byte but the tab.
func controls(b []byte) bool {
	if len(b) < 8 {
		return slowControls(b)
	}
	for rest := b; len(rest) >= 8; rest = rest[8:] {
		if suspicious(binary.LittleEndian.Uint64(rest)) {
			return slowControls(rest)
		}
	}
	last := b[len(b)-8:] // once more, in part
	return suspicious(binary.LittleEndian.Uint64(last)) && slowControls(last)
}

// suspicious reports whether one of eight bytes is below 0x20, or is 0x7f.
func suspicious(x uint64) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	del := x ^ 0x7f*ones
	return ((x-0x20*ones)&^x|(del-ones)&^del)&tops != 0
}

func slowControls(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return true
		}
	}
	return false
}

// trimmed is b without spaces and tabs around it.
func trimmed(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}
