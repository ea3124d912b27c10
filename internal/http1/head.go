package http1

import (
	"bytes"
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
	if controls(code[3:]) {
		return nil, malformed("a control byte in the reason phrase")
	}
	res.Status = statusText(res.StatusCode, trimmed(code))
	if res.Header, err = lines.fields(); err != nil {
		return nil, err
	}
	return res, nil
}

// final makes the response that the caller gets.
func (x *exchange) final(res *http.Response) (*http.Response, Phase, error) {
	if res.StatusCode == http.StatusRequestTimeout && x.refused() {
		x.seen = false
		return nil, PhaseWait, errUnasked
	}
	length, err := framing(res.StatusCode, x.Request.Method, res.ProtoMinor == 1, res.Header)
	if err != nil {
		return nil, PhaseHead, err
	}
	x.clock.final()
	x.early = x.broken || x.Body != nil && (x.upload == nil || !x.upload.ending.Load())
	x.c.learnKeepAlive(res.Header)
	x.c.body = bodyClock{begun: true, idle: x.BodyIdle}
	b := &body{x: x, res: res, keep: x.keeps(res, length)}
	cleanHeader(res, length)
	switch length {
	case lengthChunked:
		b.src = &chunkedReader{lines: lineReader{br: x.c.br}}
	case lengthClose:
		b.src = x.c.br
	default:
		b.left, b.bounded, b.src = length, true, x.c.br
	}
	res.Body = b
	if b.bounded && b.left == 0 {
		b.finish()
	}
	return res, 0, nil
}

// keeps reports whether the connection may be used again after res.
func (x *exchange) keeps(res *http.Response, length int64) bool {
	connection := res.Header["Connection"]
	switch {
	case length == lengthClose, x.upgrade, x.odd:
		return false
	case res.StatusCode == http.StatusNoContent && bodiless(res.Header) != nil:
		return false // who knows what comes
	case res.ProtoMinor == 1:
		return !hasToken(connection, "close")
	}
	return hasToken(connection, "keep-alive") && !hasToken(connection, "close")
}

// cleanHeader moves what the header says of framing to the fields of res.
func cleanHeader(res *http.Response, length int64) {
	h := res.Header
	res.ContentLength = max(length, -1)
	if length == lengthChunked {
		res.TransferEncoding = []string{"chunked"}
		res.Trailer = announcedTrailers(h["Trailer"])
	}
	delete(h, "Transfer-Encoding")
	delete(h, "Trailer")
	if res.StatusCode == http.StatusNoContent {
		delete(h, "Content-Length")
	}
	// What the answer to a GET would have, where it is one to HEAD or a 304.
	if n, err := contentLength(h["Content-Length"]); err == nil && n >= 0 {
		res.ContentLength = n
		h["Content-Length"] = h["Content-Length"][:1]
	}
}

func announcedTrailers(values []string) http.Header {
	var h http.Header
	for _, v := range values {
		for name := range strings.SplitSeq(v, ",") {
			name = http.CanonicalHeaderKey(strings.Trim(name, " \t"))
			if !trailing(name) {
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
