package session

import (
	"net/http"
	"strings"
)

// A Stripper takes the cookies of several pools out of requests: of all those
// that a visitor of one host can have. It never changes and is safe for
// concurrent use.
type Stripper struct {
	names map[string]struct{}
}

// NewStripper makes the Stripper for the cookies of all of these.
func NewStripper(affinities ...*Affinity) *Stripper {
	s := &Stripper{names: make(map[string]struct{}, 2*len(affinities))}
	for _, a := range affinities {
		s.names[a.plain.name] = struct{}{}
		s.names[a.tls.name] = struct{}{}
	}
	return s
}

// Strip takes the pool's cookies out of the Cookie lines of h; see [Stripper.Strip].
func (a *Affinity) Strip(h http.Header) { a.strip.Strip(h) }

// Strip takes the pools' cookies, under both names and valid or not, out of
// the Cookie lines of h, so that no backend sees, logs or caches by them. All
// other cookies stay byte for byte as they were; a line that held nothing else
// goes. The slice of lines is replaced, never changed in place, so a shallow
// copy of h elsewhere keeps what it had. Without such a cookie nothing is
// changed or allocated.
func (s *Stripper) Strip(h http.Header) {
	lines := h["Cookie"]
	first := -1
	for i, line := range lines {
		if s.in(line) {
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
		if s.in(line) {
			line = s.without(line)
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

// in reports whether the line holds one of the cookies.
func (s *Stripper) in(line string) bool {
	for segment := range segments(line) {
		if s.ours(segment) {
			return true
		}
	}
	return false
}

// without returns the line without those cookies, or "" when no cookie is
// left in it.
func (s *Stripper) without(line string) string {
	var b strings.Builder
	b.Grow(len(line))
	rest, some := false, false
	removedFirst := false
	for segment := range segments(line) {
		if s.ours(segment) {
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

func (s *Stripper) ours(segment string) bool {
	name, _ := pair(segment)
	_, ok := s.names[name]
	return ok
}
