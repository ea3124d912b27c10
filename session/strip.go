package session

import (
	"net/http"
	"strings"
)

// Strip takes the pool's cookies, under both names and valid or not, out of
// the Cookie lines of h, so that no backend sees, logs or caches by them. All
// other cookies stay byte for byte as they were; a line that held nothing else
// goes. The slice of lines is replaced, never changed in place, so a shallow
// copy of h elsewhere keeps what it had. Without such a cookie nothing is
// changed or allocated; where a host has several pools, call the Strip of each.
func (a *Affinity) Strip(h http.Header) {
	lines := h["Cookie"]
	first := -1
	for i, line := range lines {
		if a.in(line) {
			first = i
			break
		}
	}
	if first < 0 {
		return
	}
	kept := make([]string, first, len(lines))
	copy(kept, lines)
	for _, line := range lines[first:] {
		if a.in(line) {
			line = a.without(line)
			if line == "" {
				continue
			}
		}
		kept = append(kept, line)
	}
	if len(kept) == 0 {
		delete(h, "Cookie")
		return
	}
	h["Cookie"] = kept
}

// in reports whether the line holds a cookie of the pool.
func (a *Affinity) in(line string) bool {
	// The bare name is part of the other.
	if !strings.Contains(line, a.plain.name) {
		return false
	}
	for segment := range segments(line) {
		if a.ours(segment) {
			return true
		}
	}
	return false
}

// without returns the line without the pool's cookies, or "" when no cookie is
// left in it.
func (a *Affinity) without(line string) string {
	var b strings.Builder
	b.Grow(len(line))
	rest, some := false, false
	removedFirst := false
	for segment := range segments(line) {
		if a.ours(segment) {
			removedFirst = removedFirst || !rest
			continue
		}
		if rest {
			b.WriteByte(';')
		} else if removedFirst {
			// The space after the semicolon went with the cookie before it.
			segment = strings.TrimLeft(segment, blank)
		}
		b.WriteString(segment)
		rest = true
		some = some || strings.Trim(segment, blank) != ""
	}
	if !some {
		return ""
	}
	return b.String()
}

func (a *Affinity) ours(segment string) bool {
	name, _ := pair(segment)
	return name == a.plain.name || name == a.tls.name
}
