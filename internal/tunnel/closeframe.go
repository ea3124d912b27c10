package tunnel

import (
	"crypto/rand"
	"encoding/binary"
	"unicode/utf8"
)

// maxReason is what a control frame leaves for the text: 125 bytes less the
// code (RFC 6455 section 5.5).
const maxReason = 123

// closeFrame returns a Close frame. A frame to a server must be masked, with a
// key that nobody can foresee (RFC 6455 section 5.3). A reason that is too long
// is cut between two characters.
func closeFrame(code int, reason string, masked bool) []byte {
	if len(reason) > maxReason {
		cut := maxReason
		for cut > 0 && !utf8.RuneStart(reason[cut]) {
			cut--
		}
		reason = reason[:cut]
	}
	size := byte(2 + len(reason))
	frame := []byte{0x80 | opClose, size}
	var key [4]byte
	if masked {
		_, _ = rand.Read(key[:]) // never fails
		frame[1] |= 0x80
		frame = append(frame, key[:]...)
	}
	payload := len(frame)
	frame = binary.BigEndian.AppendUint16(frame, uint16(code))
	frame = append(frame, reason...)
	for i := range frame[payload:] {
		frame[payload+i] ^= key[i%4]
	}
	return frame
}
