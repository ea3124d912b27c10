package session

import (
	"net/http"
	"slices"
	"strings"
)

// A Stripper takes the cookies of several pools out of requests: of all those
// that a visitor of one host can have. It never changes and is safe for
// concurrent use.
type Stripper struct {
	names map[string]struct{}
	// firsts are the bytes that names begin with. They tell most cookies apart
	// from ours at once.
	firsts [256]bool
}

// NewStripper makes the Stripper for the cookies of all of these.
func NewStripper(affinities ...*Affinity) *Stripper {
	s := &Stripper{names: make(map[string]struct{}, 2*len(affinities))}
	for _, a := range affinities {
		for _, name := range [...]string{a.plain.name, a.tls.name} {
			s.names[name] = struct{}{}
			s.firsts[name[0]] = true
		}
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
func (s *Stripper) Strip(h http.Header) { s.StripWith(h, nil) }

// StripWith is Strip with room for the new slice of lines, which saves an
// allocation. room belongs to h from then on. A capacity of one nearly always
// does.
func (s *Stripper) StripWith(h http.Header, room []string) {
	lines, kept, some := h["Cookie"], room[:0], false
	for i, line := range lines {
		left := s.without(line)
		if !some && len(left) != len(line) {
			some = true
			kept = append(kept, lines[:i]...)
		}
		if some && (left != "" || line == "") {
			kept = append(kept, left)
		}
	}
	switch {
	case !some:
	case len(kept) == 0:
		delete(h, "Cookie")
	default:
		h["Cookie"] = slices.Clip(kept)
	}
}

// next finds the first segment of the line at or after from that is one of the
// cookies; from must be where a segment begins. start is -1 if there is none.
func (s *Stripper) next(line string, from int) (start, end int) {
	for start = from; ; start = end + 1 {
		end = len(line)
		if i := strings.IndexByte(line[start:], ';'); i >= 0 {
			end = start + i
		}
		if s.ours(line[start:end]) {
			return start, end
		}
		if end == len(line) {
			return -1, -1
		}
	}
}

// without returns the line without those cookies. It is "" when there were
// some, and no other cookie is left.
func (s *Stripper) without(line string) string {
	start, end := s.next(line, 0)
	if start < 0 {
		return line
	}
	for start == 0 {
		if end == len(line) {
			return ""
		}
		// The space after the semicolon goes with the cookie before it.
		line = trimLeft(line[end+1:])
		start, end = s.next(line, 0)
	}
	switch {
	case start < 0:
	case end == len(line):
		line = line[:start-1]
	default:
		line = s.cut(line, start, end)
	}
	if strings.Trim(line, blank+";") == "" {
		return ""
	}
	return line
}

// cut returns the line without the segment from start to end, which is not its
// first, and without further ones of the cookies.
func (s *Stripper) cut(line string, start, end int) string {
	var b strings.Builder
	b.Grow(len(line))
	from := 0
	for start >= 0 {
		b.WriteString(line[from : start-1])
		if from = end; end == len(line) {
			break
		}
		start, end = s.next(line, end+1)
	}
	b.WriteString(line[from:])
	return b.String()
}

func (s *Stripper) ours(segment string) bool {
	segment = trimLeft(segment)
	if segment == "" || !s.firsts[segment[0]] {
		return false
	}
	name, _ := pair(segment)
	_, ok := s.names[name]
	return ok
}
