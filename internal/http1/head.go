package http1

import (
	"bytes"
	"net/http"
)

// readHead reads a status line and its headers (RFC 9112, section 4).
func (x *exchange) readHead() (*http.Response, error) {
	lines := lineReader{br: x.c.br, left: maxHead}
	line, err := lines.next()
	if err != nil {
		return nil, err
	}
	x.marks = allMarks
	res := &http.Response{Request: x.Request, ProtoMajor: 1}
	switch {
	case bytes.HasPrefix(line, []byte("HTTP/1.1 ")):
		res.Proto, res.ProtoMinor = "HTTP/1.1", 1
	case bytes.HasPrefix(line, []byte("HTTP/1.0 ")):
		res.Proto = "HTTP/1.0"
	default:
		return nil, malformed("no HTTP/1.1 status line")
	}
	code := line[len("HTTP/1.1 "):]
	if len(code) < 3 || len(code) > 3 && code[3] != ' ' {
		return nil, malformed("a status that is not of three digits")
	}
	for _, d := range code[:3] {
		if d < '0' || d > '9' {
			return nil, malformed("a status that is not of three digits")
		}
		res.StatusCode = res.StatusCode*10 + int(d-'0')
	}
	if res.StatusCode < 100 {
		return nil, malformed("a status below 100")
	}
	if controls(code[3:]) {
		return nil, malformed("a control byte in the reason phrase")
	}
	res.Status = string(trimmed(code))
	if res.Header, err = lines.fields(); err != nil {
		return nil, err
	}
	return res, nil
}
