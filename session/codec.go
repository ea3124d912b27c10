package session

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/gorilla/securecookie"
)

// macName is the name under which securecookie signs. It is the same for all
// pools: the pool stands in the signed value itself, so that a genuine cookie
// of another pool is told from a forged one.
const macName = "sterling-affinity"

// codec signs and verifies with one key. It is safe for concurrent use.
type codec struct {
	sc *securecookie.SecureCookie
}

// newCodec derives the two keys that securecookie wants from one secret
// (HKDF, RFC 5869), so that neither tells anything of the other.
func newCodec(secret []byte) (codec, error) {
	hash, err := hkdf.Key(sha256.New, secret, nil, "sterling affinity v1 hash key", 32)
	if err != nil {
		return codec{}, fmt.Errorf("deriving the hash key: %w", err)
	}
	block, err := hkdf.Key(sha256.New, secret, nil, "sterling affinity v1 block key", 32)
	if err != nil {
		return codec{}, fmt.Errorf("deriving the block key: %w", err)
	}
	sc := securecookie.New(hash, block).
		SetSerializer(securecookie.NopEncoder{}).
		MaxLength(maxCookieValue).
		// Its default is 30 days; the limits inside the value alone count.
		MaxAge(0)
	return codec{sc: sc}, nil
}

func (c codec) seal(v value) (string, error) {
	return c.sc.Encode(macName, v.encode())
}

// open verifies sealed and returns what it says.
func (c codec) open(sealed string) (value, Verdict) {
	// The library decodes base64 laxly: it takes line ends anywhere and any
	// bits in the last character's unused part. Only one spelling may pass.
	raw, err := base64.URLEncoding.DecodeString(sealed)
	if err != nil || base64.URLEncoding.EncodeToString(raw) != sealed {
		return value{}, Malformed
	}
	var plain []byte
	if err := c.sc.Decode(macName, sealed, &plain); err != nil {
		return value{}, Forged
	}
	v, err := decodeValue(plain)
	if err != nil {
		// Signed by us in another version of this format.
		return value{}, Malformed
	}
	return v, Valid
}
