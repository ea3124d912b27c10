package http2

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/http2"
)

// open begins the request of s, whose fields were decoded.
func (c *conn) open(s *stream) error {
	b := &c.block
	c.flood.useful++
	fault := b.fault
	if fault == "" && !b.tooLarge {
		fault = c.fill(s)
	}
	if b.loops && fault == "" {
		fault = "a stream that depends on itself"
	}
	closing := c.server.o.Closing != nil && c.server.o.Closing()
	c.mu.Lock()
	if closing {
		c.leave()
		c.owes = true
	}
	c.last = s.id
	if fault == "" && !b.tooLarge && !c.away.final && c.limited < c.server.o.MaxStreams {
		c.begin(s)
		c.mu.Unlock()
		c.server.workers.start(task{s: s})
		return nil
	}
	final := c.away.final
	if final { // the client was told to try it elsewhere
		c.late.add(s.id)
	}
	c.mu.Unlock()
	defer s.recycle()
	if final {
		return c.countEmpty(http2.FrameHeaders)
	}
	return c.turnAway(s, fault)
}

// turnAway says no to a request.
func (c *conn) turnAway(s *stream, fault string) error {
	switch {
	case fault != "":
		c.report(&Refused{Err: errors.New(fault)})
		return &streamError{s.id, http2.ErrCodeProtocol, fault}
	case c.block.tooLarge:
		c.report(&Refused{Err: errTooLarge, Status: http.StatusRequestHeaderFieldsTooLarge})
		c.mu.Lock()
		c.answerTooLarge(s)
		c.mu.Unlock()
	default:
		c.mu.Lock()
		c.resetStream(s.id, http2.ErrCodeRefusedStream)
		c.mu.Unlock()
	}
	return c.wasReset()
}

// wasReset is called when a stream was turned away.
func (c *conn) wasReset() error {
	if err := c.controlled(); err != nil {
		return err
	}
	return c.countReset()
}

var errTooLarge = errors.New("the header list is too large")

// begin takes up s. It expects mu to be held.
func (c *conn) begin(s *stream) {
	s.remoteEnded = c.block.ends
	s.sendWindow, s.recvWindow = c.out.initial, StreamWindow
	c.streams[s.id] = s
	c.limited++
	if c.under++; c.under == 1 {
		c.idleSince.Store(0)
	}
}

// report tells of a request that is refused.
func (c *conn) report(r *Refused) {
	if c.server.o.Refused == nil {
		return
	}
	f := &c.block.fields
	r.Began, r.Remote, r.TLS, r.Proto = time.Now(), c.nc.RemoteAddr(), c.tls, "HTTP/2.0"
	r.Method, r.Target, r.Host, r.UserAgent = f.method, f.path, f.authority, f.userAgent
	if r.Host == "" {
		r.Host = f.host
	}
	c.server.o.Refused(r)
}

// fill makes the request (RFC 9113, section 8.3.1). It returns what is wrong
// with it, or "".
func (c *conn) fill(s *stream) string {
	f, r := &c.block.fields, &s.req
	if fault := f.check(); fault != "" {
		return fault
	}
	r.Method, r.Host = f.method, f.authority
	if f.hosts > 0 && r.Host == "" {
		r.Host = f.host
	}
	if fault := s.target(f); fault != "" {
		return fault
	}
	r.Proto, r.ProtoMajor = "HTTP/2.0", 2
	r.Header, r.RemoteAddr, r.TLS = s.header, c.remote, c.tls
	if len(f.cookies) > 1 {
		s.header["Cookie"][0] = strings.Join(f.cookies, "; ") // RFC 9113, section 8.2.3
	}
	if f.expects {
		delete(s.header, "Expect")
	}
	return c.fillBody(s)
}

// check looks at what does not become part of the URL.
func (f *requestFields) check() string {
	connect := f.method == http.MethodConnect
	switch {
	case f.method == "" || !all(f.method, tokenAny):
		return "no method, or one that is no token"
	case connect && (f.seen&(seenPath|seenScheme) != 0 || f.authority == ""):
		return "CONNECT to no authority, or with more than that"
	case !connect && f.scheme != "https" && f.scheme != "http":
		return "no scheme, or an unknown one"
	case f.hosts > 1:
		return "several Hosts"
	case f.hosts == 1 && f.seen&seenAuthority != 0 && f.host != f.authority:
		return "a Host that is not the authority"
	case f.lengths > 1:
		return "several Content-Lengths"
	}
	host := f.authority
	if f.seen&seenAuthority == 0 {
		host = f.host
	}
	if strings.IndexByte(host, '@') >= 0 || host != "" && !httpguts.ValidHostHeader(host) {
		return "a malformed authority"
	}
	return ""
}

// target makes the URL, which is what net/http has.
func (s *stream) target(f *requestFields) string {
	const fault = "no path, or a malformed one"
	r := &s.req
	r.URL = &s.url
	if f.method == http.MethodConnect {
		r.RequestURI = f.authority
		s.url.Host = f.authority
		return ""
	}
	r.RequestURI = f.path
	path, query, asked := strings.Cut(f.path, "?")
	switch {
	case f.path == "*":
		if f.method != http.MethodOptions {
			return fault
		}
		s.url.Path = "*"
		return ""
	case path == "" || path[0] != '/' || !all(f.path, targetByte):
		return fault
	case all(path, plainPath):
		s.url.Path, s.url.RawQuery = path, query
		s.url.ForceQuery = asked && query == ""
		return ""
	}
	u, err := url.ParseRequestURI(f.path)
	if err != nil {
		return fault
	}
	s.url = *u
	return ""
}

func (c *conn) fillBody(s *stream) string {
	f, r := &c.block.fields, &s.req
	length := int64(-1)
	if f.lengths == 1 {
		n, err := strconv.ParseUint(f.length, 10, 63)
		if err != nil {
			return "a malformed Content-Length"
		}
		length = int64(n) //nolint:gosec // 63 bits
	}
	if c.block.ends {
		if length > 0 {
			return "a Content-Length without a body"
		}
		r.Body = http.NoBody
		if f.promises {
			s.promise()
		}
		return ""
	}
	s.body = newBody(s, length)
	s.body.expects = f.expects
	if f.promises {
		s.body.promised = s.promise()
	}
	r.Body, r.ContentLength = s.body, length
	return ""
}

// endTrailers ends the body of the stream with the trailers that were decoded.
func (c *conn) endTrailers(id uint32, s *stream, open bool) error {
	b := &c.block
	fault := func(code http2.ErrCode, reason string) error { return &streamError{id, code, reason} }
	if s == nil {
		c.mu.Lock()
		late := c.late.has(id)
		c.mu.Unlock()
		switch {
		case open:
			return fault(http2.ErrCodeStreamClosed, "HEADERS behind the end of the stream")
		case late:
			return c.countEmpty(http2.FrameHeaders) // they were on their way
		}
		return &connError{http2.ErrCodeStreamClosed, "HEADERS on a stream that is closed"}
	}
	switch {
	case b.fault != "":
		return fault(http2.ErrCodeProtocol, b.fault)
	case b.tooLarge:
		return fault(http2.ErrCodeEnhanceYourCalm, errTooLarge.Error())
	case !b.ends:
		return fault(http2.ErrCodeProtocol, "HEADERS that do not end the stream, within it")
	case s.body.declared >= 0 && s.body.declared != s.body.got:
		return fault(http2.ErrCodeProtocol, "DATA that differs from the Content-Length")
	}
	c.endBody(s, b.fields.trailer)
	return nil
}
