package config

import (
	"net/textproto"
	"strings"
)

// token says whether s is a token of RFC 9110, section 5.6.2.
func token(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return r > 126 || r <= ' ' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	}) < 0
}

// headerName accepts a header that a rule may change. The ones that say where a
// message ends or speak of one connection only are not the rules' business.
func headerName(name string) *fault {
	if !token(name) {
		return faultf("use letters, digits and hyphens", "%q is not a header name", name)
	}
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Content-Length", "Transfer-Encoding", "Trailer":
		return faultf("leave it out: it is written as the message needs it", "%s says where a message ends and cannot be changed", name)
	case "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Http2-Settings":
		return faultf("leave it out: it is removed and written anew by each side", "%s belongs to one connection and cannot be changed", name)
	case "Upgrade":
		return faultf("list what may pass in the route's upgrade", "Upgrade belongs to one connection and cannot be changed")
	}
	return nil
}

// requestHeaderName is headerName for what goes to a backend.
func requestHeaderName(name string) *fault {
	if strings.EqualFold(name, "Host") {
		return faultf(`for the host of the backend's URL write host = "backend" in the pool`, "Host cannot be changed by a rule")
	}
	return headerName(name)
}

// headerValue accepts the bytes of RFC 9110, section 5.5. Placeholders are
// checked where they are compiled.
func headerValue(value string) *fault {
	i := strings.IndexFunc(value, func(r rune) bool { return r != '\t' && (r < ' ' || r == 0x7f) })
	if i < 0 {
		return nil
	}
	return faultf("", "holds a control character (%q), which no header may have", value[i])
}

// headerNames are those of a remove list.
func headerNames(check func(string) *fault) kind[string] {
	return kind[string]{name: "header name", example: `"Server"`, parse: func(s string) (string, *fault) {
		return s, check(s)
	}}
}

// upgradeTokens are protocols of the Upgrade header, in lower case.
var upgradeTokens = kind[string]{name: "upgrade token", example: `"websocket"`, parse: func(s string) (string, *fault) {
	lower := strings.ToLower(s)
	name, version, versioned := strings.Cut(lower, "/")
	switch {
	case !token(name) || versioned && !token(version):
		return "", faultf("", "%q is not a token", s)
	case lower == "h2c" || name == "http":
		return "", faultf(`for HTTP/2 towards the backends set protocol = "h2c" in the pool`, "%q would carry requests past the routes", s)
	}
	return lower, nil
}}

// cookieNames are tokens without the prefixes that the proxy writes itself.
var cookieNames = kind[string]{name: "cookie name", example: `"sterling-app"`, parse: func(s string) (string, *fault) {
	lower := strings.ToLower(s)
	switch {
	case !token(s):
		return "", faultf("use letters, digits, dot, underscore and hyphen", "%q is not a cookie name", s)
	case len(s) > maxName:
		return "", faultf("", "is longer than %d characters", maxName)
	case strings.HasPrefix(lower, "__host-") || strings.HasPrefix(lower, "__secure-"):
		return "", faultf("leave the prefix out: __Host- is put before the name over TLS", "%q has a prefix of its own", s)
	}
	return s, nil
}}
