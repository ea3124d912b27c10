package http1

import (
	"net/http"
	"strings"
)

// final makes the response that the caller gets.
func (x *exchange) final(res *http.Response) (*http.Response, Phase, error) {
	if res.StatusCode == http.StatusRequestTimeout && x.refused() {
		x.seen = false
		return nil, PhaseWait, errUnasked
	}
	h, marks := res.Header, x.marks
	declared, err := contentLength(marks.of(h, markLength, "Content-Length"))
	if err != nil {
		return nil, PhaseHead, err
	}
	length, err := framing(res, x.Request.Method, declared, marks.of(h, markCoding, "Transfer-Encoding"))
	if err != nil {
		return nil, PhaseHead, err
	}
	x.clock.final()
	x.early = x.broken || x.streams() && (x.upload == nil || !x.upload.ending.Load())
	x.c.learnKeepAlive(marks.of(h, markKeepAlive, "Keep-Alive"))
	x.c.body = bodyClock{begun: true, idle: x.BodyIdle}
	b := &x.m.body
	*b = body{x: x, res: res, keep: x.keeps(res, length)}
	x.cleanHeader(res, length, declared)
	switch length {
	case lengthChunked:
		x.m.chunked = chunkedReader{lines: lineReader{br: x.c.br}}
		b.chunked, b.src = &x.m.chunked, &x.m.chunked
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

// of returns the values of a field that may be there.
func (m marks) of(h http.Header, mark marks, name string) []string {
	if m&mark == 0 {
		return nil
	}
	return h[name]
}

// keeps reports whether the connection may be used again after res.
func (x *exchange) keeps(res *http.Response, length int64) bool {
	connection := x.marks.of(res.Header, markConnection, "Connection")
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

// cleanHeader moves what the header says of framing to the fields of res. The
// length that is declared is what the answer to a GET would have, where this is
// one to HEAD or a 304.
func (x *exchange) cleanHeader(res *http.Response, length, declared int64) {
	h := res.Header
	res.ContentLength = max(length, -1)
	if length == lengthChunked {
		x.m.coding[0] = "chunked"
		res.TransferEncoding = x.m.coding[:]
		res.Trailer = announcedTrailers(x.marks.of(h, markTrailer, "Trailer"))
	}
	if x.marks&(markCoding|markTrailer) != 0 {
		delete(h, "Transfer-Encoding")
		delete(h, "Trailer")
	}
	switch {
	case declared < 0:
	case res.StatusCode == http.StatusNoContent:
		delete(h, "Content-Length")
	default:
		res.ContentLength = declared
		if n := h["Content-Length"]; len(n) > 1 {
			h["Content-Length"] = n[:1]
		}
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
