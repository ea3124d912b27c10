package session

import (
	"net/http"
	"slices"
	"strings"
)

const cacheGuard = `no-cache="set-cookie"`

// guardCache keeps shared caches from handing one visitor's cookie to another
// (RFC 9111, sections 5.2.2.4 and 7.3). An answer that says nothing about
// caching is guarded, too: caches may keep it by their own judgement.
func guardCache(h http.Header) {
	lines := h["Cache-Control"]
	for _, line := range lines {
		if forbidsReuse(line) {
			return
		}
	}
	if len(lines) == 0 {
		h["Cache-Control"] = []string{cacheGuard}
		return
	}
	// In front, where no unclosed quote of the rest can swallow it; and in a
	// new slice, for the old one may be shared.
	guarded := slices.Clone(lines)
	if strings.Trim(lines[0], blank) == "" {
		guarded[0] = cacheGuard
	} else {
		guarded[0] = cacheGuard + ", " + lines[0]
	}
	h["Cache-Control"] = guarded
}

// forbidsReuse reports whether a Cache-Control line keeps the Set-Cookie field
// out of shared caches: no-store, private or no-cache, the latter two either
// for the whole answer or with set-cookie among their fields.
func forbidsReuse(line string) bool {
	for line != "" {
		var directive string
		directive, line = nextDirective(line)
		name, fields, some := strings.Cut(directive, "=")
		switch strings.ToLower(strings.Trim(name, blank)) {
		case "no-store":
			return true
		case "private", "no-cache":
			if !some || namesSetCookie(fields) {
				return true
			}
		}
	}
	return false
}

// nextDirective cuts at the first comma outside quotes.
func nextDirective(line string) (directive, rest string) {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			return line[:i], line[i+1:]
		}
	}
	return line, ""
}

// namesSetCookie reports whether a list of field names has set-cookie in it.
func namesSetCookie(fields string) bool {
	fields = strings.Trim(fields, blank+`"`)
	for field := range strings.SplitSeq(fields, ",") {
		if strings.EqualFold(strings.Trim(field, blank), "set-cookie") {
			return true
		}
	}
	return false
}
