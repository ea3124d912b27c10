package accesslog

import (
	"strings"
	"testing"
)

// plainBytes is plain, byte by byte.
func plainBytes(s string, first byte) int {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < first || c >= 0x7f || c == '"' || c == '\\' {
			return i
		}
	}
	return len(s)
}

func TestPlainFindsEveryByteAtEveryPlace(t *testing.T) {
	for length := range 20 {
		for at := range length {
			for c := range 256 {
				s := strings.Repeat("!", at) + string([]byte{byte(c)}) + strings.Repeat("~", length-at-1)
				for _, first := range []byte{' ', ' ' + 1} {
					if got, want := plain(s, first), plainBytes(s, first); got != want {
						t.Fatalf("%q from %q: got %d, want %d", s, first, got, want)
					}
				}
			}
		}
	}
}

func FuzzPlain(f *testing.F) {
	f.Add("GET / HTTP/1.1 \"\\\x7f\x80\xff\x00")
	f.Add("\x7f\xff\x7f\xff!!!!\xff\x00~~~~~~")
	f.Fuzz(func(t *testing.T, s string) {
		for _, first := range []byte{' ', ' ' + 1} {
			if got, want := plain(s, first), plainBytes(s, first); got != want {
				t.Fatalf("%q from %q: got %d, want %d", s, first, got, want)
			}
		}
	})
}
