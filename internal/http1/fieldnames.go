package http1

import (
	"net/http"
	"net/textproto"
	"strconv"
)

// answerNames are the names that most answers' headers have, in their canonical
// form, placed as in knownNames: so none of them is made anew for each answer.
var answerNames = makeAnswerNames(
	"Accept-Ranges", "Access-Control-Allow-Credentials", "Access-Control-Allow-Headers",
	"Access-Control-Allow-Methods", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers",
	"Access-Control-Max-Age", "Age", "Allow", "Alt-Svc", "Cache-Control", "Connection", "Content-Disposition",
	"Content-Encoding", "Content-Language", "Content-Length", "Content-Location", "Content-Range",
	"Content-Security-Policy", "Content-Type", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Date",
	"Etag", "Expires", "Keep-Alive", "Last-Modified", "Link", "Location", "P3p", "Permissions-Policy", "Pragma",
	"Referrer-Policy", "Retry-After", "Server", "Server-Timing", "Set-Cookie", "Strict-Transport-Security", "Trailer",
	"Transfer-Encoding", "Upgrade", "Vary", "Via", "Www-Authenticate", "X-Accel-Buffering", "X-Cache",
	"X-Content-Type-Options", "X-Frame-Options", "X-Powered-By", "X-Request-Id", "X-Robots-Tag", "X-Ua-Compatible",
	"X-Xss-Protection",
)

func makeAnswerNames(names ...string) *[nameSlots]string {
	var table [nameSlots]string
	for _, name := range names {
		i := nameSlot([]byte(name))
		for table[i%nameSlots] != "" {
			i++
		}
		table[i%nameSlots] = name
	}
	return &table
}

// answerName returns the canonical form of a header's name.
func answerName(b []byte) (string, bool) {
	for i := nameSlot(b); ; i++ {
		name := answerNames[i%nameSlots]
		if name == "" {
			break
		}
		if len(name) == len(b) && (name == string(b) || sameFold(name, b)) {
			return name, true
		}
	}
	if len(b) == 0 || !all(b, tokenByte) {
		return "", false
	}
	return textproto.CanonicalMIMEHeaderKey(string(b)), true
}

// statusTexts are "200 OK" and the others of the standard.
var statusTexts = makeStatusTexts()

func makeStatusTexts() *[600]string {
	var t [600]string
	for code := range t {
		if text := http.StatusText(code); text != "" {
			t[code] = strconv.Itoa(code) + " " + text
		}
	}
	return &t
}

// statusText returns b, which is a code and a reason, as a string.
func statusText(code int, b []byte) string {
	if code < len(statusTexts) && string(b) == statusTexts[code] {
		return statusTexts[code]
	}
	return string(b)
}
