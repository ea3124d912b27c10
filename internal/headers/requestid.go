package headers

import (
	"encoding/binary"
	"math/rand/v2"
)

// maxRequestID is the length up to which a trusted peer's id is taken over.
const maxRequestID = 128

const lowerHex = "0123456789abcdef"

// NewRequestID returns 128 random bits as 32 lower-case hexadecimal digits. It
// names a request, and is no secret.
func NewRequestID() string {
	var bits [16]byte
	// The generator is seeded by the operating system and is one of each
	// thread, so two processes do not repeat each other and nobody waits.
	binary.BigEndian.PutUint64(bits[:8], rand.Uint64())
	binary.BigEndian.PutUint64(bits[8:], rand.Uint64())
	var text [32]byte
	for i, b := range bits {
		text[2*i], text[2*i+1] = lowerHex[b>>4], lowerHex[b&15]
	}
	return string(text[:])
}

// saneRequestID wants 1 to 128 bytes of visible ASCII.
func saneRequestID(s string) bool {
	if s == "" || len(s) > maxRequestID {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}
