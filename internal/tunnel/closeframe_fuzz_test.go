package tunnel

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever the reason is, it makes one frame, of a size that a control frame may
// have, and as much of it as fits.
func FuzzCloseFrame(f *testing.F) {
	f.Add(uint16(1001), "going away", false)
	f.Add(uint16(1012), strings.Repeat("é", 70), true)
	f.Add(uint16(0), strings.Repeat("\x80", 200), false)
	f.Add(uint16(4999), strings.Repeat("a", maxReason-1)+"✓✓", true)
	f.Fuzz(func(t *testing.T, code uint16, reason string, masked bool) {
		all, rest, ok := parseFrames(closeFrame(int(code), reason, masked))
		if !ok || len(rest) > 0 || len(all) != 1 || !all[0].final || all[0].opcode != opClose || all[0].masked != masked {
			t.Fatalf("%q: %v, %v", reason, all, ok)
		}
		payload := all[0].payload
		if len(payload) < 2 || len(payload) > 125 || uint16(payload[0])<<8|uint16(payload[1]) != code {
			t.Fatalf("%q: %x", reason, payload)
		}
		said := string(payload[2:])
		if !strings.HasPrefix(reason, said) || utf8.ValidString(reason) != utf8.ValidString(said) && utf8.ValidString(reason) {
			t.Fatalf("%q became %q", reason, said)
		}
		if said != reason && utf8.ValidString(reason) && len(said) < maxReason-utf8.UTFMax+1 {
			t.Fatalf("of %q no more than %q is left", reason, said)
		}
	})
}
