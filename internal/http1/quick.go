package http1

import (
	"bytes"
	"net/http"
)

// quickHead takes a head apart that lies in the buffer as a whole and has
// nothing unusual, which is nearly every one. It takes nothing that readHead
// would not take just so; whatever is odd is left to that one.
type quickHead struct {
	lines  []quickLine
	status span
	code   int
	end    int // of the head
}

type quickLine struct{ name, value span }

// quickHead returns nil for what is left to readHead.
func (x *exchange) quickHead() *http.Response {
	in, _ := x.c.br.Peek(x.c.br.Buffered()) // it is there
	m := x.m
	if !m.head.scan(in) {
		return nil
	}
	head := string(in[:m.head.end])  // the one allocation, which all strings share
	_, _ = x.c.br.Discard(len(head)) // as above
	m.answer = http.Response{
		Request: x.Request, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Status: m.head.status.in(head), StatusCode: m.head.code, Header: x.quickFields(head),
	}
	return &m.answer
}

// quickFields makes the header, each value of which has its place in an array
// that is its own.
func (x *exchange) quickFields(head string) http.Header {
	m := x.m
	if m.header == nil {
		m.header = make(http.Header, max(len(m.head.lines), 8))
	}
	if n := len(m.head.lines); cap(m.values) < n {
		m.values = make([]string, 0, max(n, 16))
	}
	h, values := m.header, m.values[:0]
	x.marks = 0
	for i := range m.head.lines {
		l := &m.head.lines[i]
		name, n := l.name.in(head), len(values)
		values = append(values, l.value.in(head))
		if before, again := h[name]; again {
			h[name] = append(before, values[n])
			continue
		}
		h[name] = values[n : n+1 : n+1]
		x.marks |= markOf(name)
	}
	m.values = values
	return h
}

// scan makes names canonical where they are.
func (q *quickHead) scan(in []byte) bool {
	q.lines = q.lines[:0]
	if !bytes.HasPrefix(in, []byte("HTTP/1.1 ")) {
		return false
	}
	at := bytes.IndexByte(in, '\n') + 1
	if at < len("HTTP/1.1 200\r\n") || in[at-2] != '\r' || !q.statusLine(in[:at-2]) {
		return false
	}
	for {
		n := bytes.IndexByte(in[at:], '\n')
		if n < 1 || in[at+n-1] != '\r' {
			return false
		}
		if n == 1 {
			q.end = at + 2
			return true
		}
		if !q.field(in[at:at+n-1], at) {
			return false
		}
		at += n + 1
	}
}

func (q *quickHead) statusLine(line []byte) bool {
	const from = len("HTTP/1.1 ")
	s := line[from:]
	if !isDigit(s[0]) || !isDigit(s[1]) || !isDigit(s[2]) {
		return false
	}
	q.code = int(s[0]-'0')*100 + int(s[1]-'0')*10 + int(s[2]-'0')
	q.status = span{from, len(line)}
	if len(s) > 3 {
		if s[3] != ' ' || controls(s) {
			return false
		}
		if len(s) == 4 {
			q.status.to--
		} else if !visible(s[4]) || !visible(s[len(s)-1]) {
			return false
		}
	}
	return q.code >= http.StatusOK
}

func visible(c byte) bool { return c > ' ' && c < 0x7f }

// field takes in a header line that begins at at.
func (q *quickHead) field(line []byte, at int) bool {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || len(q.lines) == maxLines || !canonical(line[:colon]) {
		return false
	}
	from, to := colon+1, len(line)
	for from < to && blank(line[from]) {
		from++
	}
	for to > from && blank(line[to-1]) {
		to--
	}
	if controls(line[from:to]) {
		return false
	}
	q.lines = append(q.lines, quickLine{span{at, at + colon}, span{at + from, at + to}})
	return true
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

// marks are the fields of an answer that the engine itself looks at.
type marks uint8

const (
	markConnection marks = 1 << iota
	markKeepAlive
	markLength
	markCoding
	markTrailer
	allMarks = marks(0xff)
)

// markOf returns the mark of a canonical name; 0: none.
func markOf(name string) marks {
	switch len(name) {
	case len("Trailer"):
		if name == "Trailer" {
			return markTrailer
		}
	case len("Connection"):
		switch name {
		case "Connection":
			return markConnection
		case "Keep-Alive":
			return markKeepAlive
		}
	case len("Content-Length"):
		if name == "Content-Length" {
			return markLength
		}
	case len("Transfer-Encoding"):
		if name == "Transfer-Encoding" {
			return markCoding
		}
	}
	return 0
}
