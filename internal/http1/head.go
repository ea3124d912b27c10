package http1

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
)

// readHead reads a status line and its headers (RFC 9112, section 4).
func (x *exchange) readHead() (*http.Response, error) {
	lines := lineReader{br: x.c.br, left: maxHead}
	line, err := lines.next()
	if err != nil {
		return nil, err
	}
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
	reason := strings.TrimSpace(string(code[3:]))
	for i := range len(reason) {
		if reason[i] < ' ' && reason[i] != '\t' || reason[i] == 0x7f {
			return nil, malformed("a control byte in the reason phrase")
		}
	}
	res.Status = strings.TrimSpace(string(code[:3]) + " " + reason)
	if res.Header, err = lines.fields(); err != nil {
		return nil, err
	}
	return res, nil
}

// final makes the response that the caller gets.
func (x *exchange) final(res *http.Response) (*http.Response, Phase, error) {
	proto11 := res.ProtoMinor == 1
	length, err := framing(res.StatusCode, x.Request.Method, proto11, res.Header)
	if err != nil {
		return nil, PhaseHead, err
	}
	c := x.c
	c.learnKeepAlive(res.Header)
	keep := c.exchanges > 0 && !wantsUpgrade(x.Request) && length != lengthClose
	if proto11 {
		keep = keep && !hasToken(res.Header["Connection"], "close")
	} else {
		keep = keep && hasToken(res.Header["Connection"], "keep-alive")
	}
	res.ContentLength = max(length, -1)
	if length == lengthChunked {
		res.TransferEncoding = []string{"chunked"}
		delete(res.Header, "Transfer-Encoding")
		res.Trailer = announcedTrailers(res.Header["Trailer"])
		delete(res.Header, "Trailer")
	}
	b := &body{x: x, res: res, keep: keep}
	switch {
	case length == lengthChunked:
		b.src = &chunkedReader{lines: lineReader{br: c.br}}
	case length == lengthClose:
		b.src = c.br
	default:
		b.left, b.bounded, b.src = length, true, c.br
	}
	res.Body = b
	if x.Request.Method == http.MethodHead || res.StatusCode == http.StatusNotModified {
		// What the answer to a GET would have.
		if n, err := contentLength(res.Header["Content-Length"]); err == nil && n >= 0 {
			res.ContentLength = n
		}
	}
	if b.bounded && b.left == 0 {
		b.finish()
	}
	return res, 0, nil
}

func announcedTrailers(values []string) http.Header {
	var h http.Header
	for _, v := range values {
		for name := range strings.SplitSeq(v, ",") {
			name = http.CanonicalHeaderKey(strings.Trim(name, " \t"))
			if name == "" || ours(name) {
				continue
			}
			if h == nil {
				h = make(http.Header)
			}
			h[name] = nil
		}
	}
	return h
}

// switched hands the connection over after a 101 that was asked for.
func (x *exchange) switched(res *http.Response) (*http.Response, Phase, error) {
	if !wantsUpgrade(x.Request) || x.Body != nil {
		return nil, PhaseHead, malformed("101 to a request that asked for no upgrade")
	}
	x.c.setReadDeadline(noDeadline)
	x.c.setWriteDeadline(noDeadline)
	res.Body = &switchedConn{x: x, br: x.c.br, nc: x.c.nc}
	return res, 0, nil
}

// switchedConn is the connection after an upgrade.
type switchedConn struct {
	x  *exchange
	br io.Reader
	nc net.Conn
}

func (s *switchedConn) Read(p []byte) (int, error)  { return s.br.Read(p) }
func (s *switchedConn) Write(p []byte) (int, error) { return s.nc.Write(p) }

// CloseWrite tells the server that nothing more comes.
func (s *switchedConn) CloseWrite() error {
	if c, ok := s.nc.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}

// Close closes the connection.
func (s *switchedConn) Close() error {
	s.x.unhook()
	return s.x.c.Close()
}
