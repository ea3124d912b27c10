package headers

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// UpgradeToken returns the protocol that a request may be upgraded to: the
// first one that it offers and allow has, in the spelling of allow. It is
// false for everything that is no upgrade, or none that is allowed; such a
// request must be sent on without its Upgrade header.
//
// An upgrade is a GET in HTTP/1.1 without a body, whose Connection header has
// the token "upgrade" (RFC 9110, section 7.8). One to websocket needs one
// well-formed Sec-WebSocket-Key besides (RFC 6455, section 4.1).
func UpgradeToken(r *http.Request, allow []string) (string, bool) {
	offered := r.Header["Upgrade"]
	if len(offered) == 0 || r.Method != http.MethodGet || r.ProtoMajor != 1 || r.ProtoMinor != 1 {
		return "", false
	}
	if r.ContentLength != 0 || len(r.TransferEncoding) > 0 || !hasToken(r.Header["Connection"], "upgrade") {
		return "", false
	}
	for token := range elements(offered) {
		for _, allowed := range allow {
			if !strings.EqualFold(token, allowed) {
				continue
			}
			if strings.EqualFold(token, "websocket") && !hasWebSocketKey(r.Header) {
				return "", false
			}
			return allowed, true
		}
	}
	return "", false
}

// hasWebSocketKey wants exactly one key: 16 bytes in base64.
func hasWebSocketKey(h http.Header) bool {
	keys := h["Sec-Websocket-Key"]
	if len(keys) != 1 || len(keys[0]) != base64.StdEncoding.EncodedLen(16) {
		return false
	}
	var room [18]byte
	n, err := base64.StdEncoding.Decode(room[:], []byte(keys[0]))
	return err == nil && n == 16
}
