package http1

import "bytes"

// span is a piece of a head, counted from its first byte.
type span struct{ from, to int }

func (s span) of(b []byte) []byte { return b[s.from:s.to] }

func (s span) in(head string) string { return head[s.from:s.to] }

// headField is one header line. What is not known by name was made canonical
// in place.
type headField struct {
	known       *headerName // or nil
	name, value span
}

// serverHead is a request's head (RFC 9112, sections 3 and 5) that is taken
// apart as it comes, line by line, and refused at the first fault.
type serverHead struct {
	at      int  // bytes that were searched for the end of a line
	line    int  // where the line under way begins
	lines   int  // whole ones, with the request line
	skipped bool // it is settled whether there is an empty line before it
	empty   bool // there was
	fault   *fault

	method, target, proto span
	minor                 int  // of the version
	simple                bool // target is a path with a query that need no parsing
	query                 int  // where its question mark is, or its end

	fields []headField
	headFraming
}

func (h *serverHead) reset() {
	fields := h.fields[:0]
	if cap(fields) > maxKept {
		fields = nil
	}
	*h = serverHead{fields: fields}
}

// scan goes on where it had stopped.
func (t *serverTurn) scan() verdict {
	h := &t.head
	if !h.skipped && !t.skipEmptyLine() {
		return t.partial()
	}
	in := t.buffered()
	for {
		i := bytes.IndexByte(in[h.at:], '\n')
		if i < 0 {
			h.at = len(in)
			return t.partial()
		}
		end := h.at + i
		line := in[h.line:end]
		if len(line) == 0 || line[len(line)-1] != '\r' {
			if end >= t.c.s.o.MaxHead { // it would have been refused, had it come in pieces
				return t.refuse(t.tooLong(line))
			}
			return t.refuse(errLineEnd)
		}
		line = line[:len(line)-1]
		if len(line) == 0 && h.lines > 0 {
			return t.whole(end + 1)
		}
		if f := t.add(line, end+1); f != nil {
			return t.refuse(f)
		}
		h.at, h.line = end+1, end+1
	}
}

func (t *serverTurn) refuse(f *fault) verdict {
	t.head.fault = f
	return headBad
}

// skipEmptyLine skips the one that some clients send behind a body (RFC 9112,
// section 2.2), and reports whether that is settled.
func (t *serverTurn) skipEmptyLine() bool {
	in := t.buffered()
	switch {
	case len(in) == 0, len(in) == 1 && in[0] == '\r':
		return false
	case in[0] == '\r' && in[1] == '\n':
		t.r += 2
		t.head.empty = true
	}
	t.head.skipped = true
	return true
}

// partial judges what there is of a head that is not whole.
func (t *serverTurn) partial() verdict {
	in, h := t.buffered(), &t.head
	switch {
	case len(in) > t.c.s.o.MaxHead+len("\r"): // of the empty line
		return t.refuse(t.tooLong(in))
	case h.skipped && len(in) > 0 && byteClass[in[0]]&tokenByte == 0:
		return t.refuse(errMethod)
	}
	return headMore
}

// tooLong tells a target that is too long from a head that is.
func (t *serverTurn) tooLong(in []byte) *fault {
	h := &t.head
	if h.lines > 0 {
		return errLongHead
	}
	if i := bytes.IndexByte(in, ' '); i > 0 && all(in[:i], tokenByte) {
		h.method = span{0, i}
		h.target = span{i + 1, len(in)}
		return errLongLine
	}
	return errLongHead
}

// add takes in a line; end is what the head has with it.
func (t *serverTurn) add(line []byte, end int) *fault {
	h, o := &t.head, &t.c.s.o
	if end > o.MaxHead {
		return t.tooLong(line)
	}
	h.lines++
	if h.lines == 1 {
		return h.requestLine(line)
	}
	if h.lines-1 > o.MaxLines {
		return errManyLines
	}
	return h.field(line)
}

// requestLine takes the first line apart (RFC 9112, section 3). Nothing but
// single spaces stands between its parts.
func (h *serverHead) requestLine(line []byte) *fault {
	i := bytes.IndexByte(line, ' ')
	if i < 0 {
		return errRequestLine
	}
	if i == 0 || !all(line[:i], tokenByte) {
		return errMethod
	}
	h.method = span{0, i}
	j := bytes.LastIndexByte(line, ' ')
	if j == i {
		h.target = span{i + 1, len(line)}
		return errVersion // HTTP/0.9
	}
	h.target, h.proto = span{i + 1, j}, span{j + 1, len(line)}
	switch v := h.proto.of(line); {
	case string(v) == "HTTP/1.1":
		h.minor = 1
	case string(v) == "HTTP/1.0":
	case len(v) == len("HTTP/x.x") && string(v[:5]) == "HTTP/" && isDigit(v[5]) && v[6] == '.' && isDigit(v[7]):
		return errOldOrNew
	default:
		return errVersion
	}
	return h.scanTarget(h.target.of(line))
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// scanTarget looks at each byte.
func (h *serverHead) scanTarget(target []byte) *fault {
	if len(target) == 0 {
		return errTarget
	}
	class := uint8(targetByte)
	simple := target[0] == '/'
	h.query = len(target)
	for i, c := range target {
		class &= byteClass[c]
		if h.query == len(target) {
			if c == '?' {
				h.query = i
				continue
			}
			simple = simple && byteClass[c]&pathByte != 0
		}
	}
	h.simple = simple
	if class == 0 {
		return errTarget
	}
	return nil
}

// field takes a header line apart (RFC 9112, section 5).
func (h *serverHead) field(line []byte) *fault {
	if line[0] == ' ' || line[0] == '\t' {
		return errFold
	}
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 {
		return errNoName
	}
	f := headField{known: lookupName(line[:colon]), name: span{h.line, h.line + colon}}
	if f.known == nil && !canonical(line[:colon]) {
		return errName
	}
	from := colon + 1
	for from < len(line) && (line[from] == ' ' || line[from] == '\t') {
		from++
	}
	value := trimmed(line[from:])
	if controls(value) {
		return errValue
	}
	f.value = span{h.line + from, h.line + from + len(value)}
	h.fields = append(h.fields, f)
	if f.known != nil && f.known.id != nameOther {
		return h.special(f.known.id, value)
	}
	return nil
}

// canonical makes name canonical in place, and reports whether it is a token.
func canonical(name []byte) bool {
	first := true
	for i, c := range name {
		if byteClass[c]&tokenByte == 0 {
			return false
		}
		if l := c | 0x20; l >= 'a' && l <= 'z' {
			if c = l; first {
				c &^= 0x20
			}
			name[i] = c
		}
		first = c == '-'
	}
	return true
}
