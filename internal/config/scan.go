package config

// maxDepth bounds how deep values nest and how many parts a key has. The schema
// needs five; a decoder that follows every level must not be led further.
const maxDepth = 64

// scanner finds the line of every key of a TOML text. The TOML library judges
// the text: the scanner stops without a word at what it cannot read, and all it
// promises of such a text is to end.
type scanner struct {
	src    string
	at     int // next byte
	line   int // of the next byte
	depth  int
	pos    *positions
	counts map[string]int // entries of an array of tables, by path
	prefix string         // path of the table that the last header opened

	openLine int // where what was still open at the end of the text begins; 0: nothing
	deepLine int // where the nesting became too deep; 0: nowhere
}

// scan reads the whole text, or as far as it goes.
func scan(src string) *scanner {
	s := &scanner{src: src, line: 1, pos: newPositions(), counts: make(map[string]int)}
	for s.blank(); s.at < len(s.src); s.blank() {
		ok := false
		if s.peek() == '[' {
			ok = s.header()
		} else {
			ok = s.pair(s.prefix)
		}
		if !ok || !s.lineEnd() {
			break
		}
	}
	return s
}

// header reads [a.b] or [[a.b]].
func (s *scanner) header() bool {
	s.at++
	array := s.take('[')
	line := s.line
	parts, ok := s.key()
	if !ok || !s.take(']') || array && !s.take(']') {
		return false
	}
	path := ""
	for _, part := range parts[:len(parts)-1] {
		path = s.latest(join(path, part))
		s.pos.note(path, line)
	}
	path = join(path, parts[len(parts)-1])
	if array {
		s.pos.note(path, line)
		s.counts[path]++
		path = s.latest(path)
	}
	// A header says more than the key that made the table in passing.
	s.pos.lines[path] = line
	s.prefix = path
	return true
}

// latest turns the path of an array of tables into that of its newest entry.
func (s *scanner) latest(path string) string {
	if n := s.counts[path]; n > 0 {
		return index(path, n-1)
	}
	return path
}

// pair reads a.b = value below the table path.
func (s *scanner) pair(path string) bool {
	line := s.line
	parts, ok := s.key()
	if !ok || !s.take('=') {
		return false
	}
	for _, part := range parts {
		path = join(path, part)
		s.pos.note(path, line)
	}
	s.space()
	return s.value(path)
}

// value reads what stands after "=" or in an array.
func (s *scanner) value(path string) bool {
	switch c := s.peek(); c {
	case 0:
		return false
	case '[', '{':
		return s.nested(path)
	case '"', '\'':
		_, ok := s.str()
		return ok
	default:
		start := s.at
		for s.at < len(s.src) && !endsBare(s.src[s.at]) {
			s.at++
		}
		return s.at > start
	}
}

// nested reads an array or an inline table.
func (s *scanner) nested(path string) bool {
	line := s.line
	if s.depth++; s.depth > maxDepth {
		s.deepLine = line
		return false
	}
	var ok bool
	if s.peek() == '[' {
		s.at++
		ok = s.array(path)
	} else {
		s.at++
		ok = s.inlineTable(path)
	}
	s.depth--
	if !ok && s.at >= len(s.src) {
		s.openLine = line
	}
	return ok
}

func (s *scanner) array(path string) bool {
	for i := 0; ; i++ {
		s.blank()
		if s.take(']') {
			return true
		}
		element := index(path, i)
		s.pos.note(element, s.line)
		if !s.value(element) {
			return false
		}
		s.blank()
		if !s.take(',') {
			return s.take(']')
		}
	}
}

func (s *scanner) inlineTable(path string) bool {
	for {
		s.blank()
		if s.take('}') {
			return true
		}
		if !s.pair(path) {
			return false
		}
		s.blank()
		if !s.take(',') {
			return s.take('}')
		}
	}
}

func endsBare(c byte) bool {
	switch c {
	case ',', ']', '}', '#', '\n', '\r':
		return true
	}
	return false
}
