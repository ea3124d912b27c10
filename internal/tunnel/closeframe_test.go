package tunnel

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCloseFrame(t *testing.T) {
	if got, want := closeFrame(1001, "bye", false), []byte("\x88\x05\x03\xe9bye"); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
	for reason, want := range map[string]string{
		"":                             "",
		"going away":                   "going away",
		strings.Repeat("a", 123):       strings.Repeat("a", 123),
		strings.Repeat("a", 124):       strings.Repeat("a", 123),
		"a" + strings.Repeat("é", 100): "a" + strings.Repeat("é", 61),
		strings.Repeat("é", 100):       strings.Repeat("é", 61),
	} {
		for _, masked := range []bool{false, true} {
			all, rest, ok := parseFrames(closeFrame(1012, reason, masked))
			if !ok || len(rest) > 0 || len(all) != 1 {
				t.Fatalf("%q: no whole frame", reason)
			}
			f := all[0]
			if !f.final || f.opcode != opClose || f.masked != masked || string(f.payload) != "\x03\xf4"+want || !utf8.Valid(f.payload[2:]) {
				t.Errorf("%q: %+v", reason, f)
			}
		}
	}
	if bytes.Equal(closeFrame(1001, "x", true)[2:6], closeFrame(1001, "x", true)[2:6]) {
		t.Error("two frames with one masking key")
	}
}
