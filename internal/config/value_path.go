package config

import (
	"strings"
	"unicode"
)

// pathPrefixes is a prefix of a path, as it stands in a URL. Its escapes are
// judged where the routes are compiled.
var pathPrefixes = kind[string]{name: "path", example: `"/app"`, parse: func(s string) (string, *fault) {
	switch {
	case !strings.HasPrefix(s, "/"):
		return "", faultf("begin it with a slash", "%q is not a path", s)
	case strings.ContainsAny(s, "?#"):
		return "", faultf("routes look at the path alone", "%q holds a query or fragment", s)
	case strings.Contains(s, "//") || strings.Contains(s, `\`):
		return "", faultf("write each slash once", "%q can match no request", s)
	case strings.ContainsFunc(s, unicode.IsControl):
		return "", faultf("", "%q holds a control character", s)
	case strings.Contains(s, "*"):
		return "", faultf("a path takes everything below it; for a star that is really there write %2A", "%q holds a star", s)
	}
	for segment := range strings.SplitSeq(s, "/") {
		if dots := strings.ReplaceAll(strings.ToLower(segment), "%2e", "."); dots == "." || dots == ".." {
			return "", faultf("write the path that it leads to", "%q holds a %q", s, segment)
		}
	}
	return s, nil
}}

// checkPaths is the target of a health check: a path, with a query or without.
var checkPaths = kind[string]{name: "path", example: `"/healthz"`, parse: func(s string) (string, *fault) {
	switch {
	case !strings.HasPrefix(s, "/"):
		return "", faultf("begin it with a slash", "%q is not a path", s)
	case strings.Contains(s, "#"):
		return "", faultf("", "%q holds a fragment, which is never sent", s)
	case strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return "", faultf("write it with percent escapes", "%q holds a character that a request line must not have", s)
	}
	return s, nil
}}
