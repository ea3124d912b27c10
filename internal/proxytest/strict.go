package proxytest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// strictReader reads requests exactly as RFC 9112 spells them. Where a request
// departs from it the reader notes the fault and gives up: a server that
// guesses on would be what a smuggler hopes for.
type strictReader struct {
	src *bufio.Reader
	rec *Recorded
	// client: what a client may send to a proxy is no fault, and means the same
	// to everybody: an empty line before the request (RFC 9112, section 2.2), targets
	// in absolute form and with bytes that ought to be escaped, HTTP/1.0,
	// extensions of chunks (section 7.1.1), names of codings in any case
	// (section 7).
	client bool
}

// errFault ends the reading of a request whose fault has been noted.
var errFault = errors.New("not RFC 9112")

func (s *strictReader) fault(format string, args ...any) error {
	if s.rec.Fault == "" {
		s.rec.Fault = fmt.Sprintf(format, args...)
	}
	return errFault
}

// line reads up to CRLF and returns what stands before it.
func (s *strictReader) line() (string, error) {
	b, err := s.src.ReadBytes('\n')
	s.rec.Raw = append(s.rec.Raw, b...)
	if err != nil {
		return "", err
	}
	line, ok := strings.CutSuffix(string(b), "\r\n")
	if !ok {
		return "", s.fault("a line ends in a bare LF: %s", Quote(string(b)))
	}
	for i := range len(line) {
		if c := line[i]; c < ' ' && c != '\t' || c == 0x7f {
			return "", s.fault("control byte in line %s", Quote(line))
		}
	}
	return line, nil
}

// head reads request line and header.
func (s *strictReader) head() error {
	line, err := s.line()
	for s.client && err == nil && line == "" {
		line, err = s.line()
	}
	// Whatever its fault is, the method shows.
	if words := strings.Fields(string(s.rec.Raw)); s.client && len(words) > 0 {
		s.rec.Method = words[0]
	}
	if err != nil {
		return err
	}
	parts := strings.Split(line, " ")
	if len(parts) != 3 {
		return s.fault("request line %s", Quote(line))
	}
	s.rec.Method, s.rec.Target, s.rec.Proto = parts[0], parts[1], parts[2]
	if s.client && token(parts[0]) && (parts[2] == "HTTP/1.1" || parts[2] == "HTTP/1.0") && visible(parts[1]) {
		s.rec.Proto = parts[2]
	} else if !token(parts[0]) || parts[2] != "HTTP/1.1" || !targetBytes(parts[1]) {
		return s.fault("request line %s", Quote(line))
	}
	if s.rec.Header, err = s.fields(); err != nil {
		return err
	}
	if n := len(s.rec.Values("Host")); n != 1 && (!s.client || n > 1) {
		return s.fault("%d Host lines", len(s.rec.Values("Host")))
	}
	return nil
}

// fields reads lines up to the empty one.
func (s *strictReader) fields() ([]Field, error) {
	var out []Field
	for {
		line, err := s.line()
		if err != nil || line == "" {
			return out, err
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || !token(name) {
			return out, s.fault("header line %s", Quote(line))
		}
		out = append(out, Field{name, strings.Trim(value, " \t")})
	}
}

// body reads the body as the header frames it.
func (s *strictReader) body() error {
	coding, length := s.rec.Values("Transfer-Encoding"), s.rec.Values("Content-Length")
	if s.client && len(coding) == 1 {
		coding[0] = strings.ToLower(coding[0])
	}
	switch {
	case len(coding) > 0 && s.rec.Proto == "HTTP/1.0":
		return s.fault("Transfer-Encoding in HTTP/1.0")
	case len(coding)+len(length) > 1:
		return s.fault("framed more than once: Transfer-Encoding %q, Content-Length %q", coding, length)
	case len(coding) == 1 && coding[0] != "chunked":
		return s.fault("Transfer-Encoding %q", coding[0])
	case len(coding) == 1:
		return s.chunks()
	case len(length) == 0:
		return nil
	}
	n, err := digits(length[0], 10)
	if err != nil {
		return s.fault("Content-Length %q", length[0])
	}
	return s.bytes(n)
}

func (s *strictReader) chunks() error {
	for {
		line, err := s.line()
		if err != nil {
			return err
		}
		if s.client {
			line, _, _ = strings.Cut(line, ";")
			line = strings.TrimRight(line, " \t")
		}
		size, err := digits(line, 16)
		if err != nil {
			return s.fault("chunk size %s", Quote(line))
		}
		if size == 0 {
			s.rec.Trailer, err = s.fields()
			return err
		}
		if err := s.bytes(size); err != nil {
			return err
		}
		if line, err = s.line(); err != nil {
			return err
		} else if line != "" {
			return s.fault("no CRLF after a chunk")
		}
	}
}

func (s *strictReader) bytes(n int64) error {
	buf := make([]byte, 32<<10)
	for n > 0 {
		k, err := s.src.Read(buf[:min(n, int64(len(buf)))])
		s.rec.Raw = append(s.rec.Raw, buf[:k]...)
		s.rec.Body = append(s.rec.Body, buf[:k]...)
		n -= int64(k)
		if err != nil {
			if errors.Is(err, io.EOF) && n == 0 {
				return nil
			}
			return err
		}
	}
	return nil
}

// digits reads a number that has nothing but digits.
func digits(s string, base int) (int64, error) {
	if strings.ContainsAny(s, "+-_ ") {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseInt(s, base, 64)
}

func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return s != ""
}

// targetBytes reports whether a target has only bytes that RFC 3986 knows. In
// a query all others but "#", spaces and control bytes pass, too: clients send
// them as they are typed.
func targetBytes(s string) bool {
	path, query, _ := strings.Cut(s, "?")
	for i := range len(path) {
		if c := path[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"<>\^`+"`"+`{|}#`, c) >= 0 {
			return false
		}
	}
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c == 0x7f || c == '#' {
			return false
		}
	}
	return strings.HasPrefix(s, "/") || s == "*"
}
