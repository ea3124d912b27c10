package proxytest

import (
	"slices"
	"strings"
)

// MeantStream says what a stream of HTTP/2 or HTTP/3 means by its fields, DATA and
// trailers: the request that RFC 9113, sections 8.2 and 8.3, or RFC 9114, section
// 4, find there. ended: the client has said that this is all. What is malformed
// has a fault, and means nothing.
//
// A request that announces how long it is goes on when so much of it is there:
// what follows is too late to take it back.
func MeantStream(proto string, fields []Field, data []byte, trailer []Field, ended bool) *Recorded {
	rec := &Recorded{Conn: 1, Seq: 1, Proto: proto, Body: data, Complete: ended}
	m := &meantFields{rec: rec, pseudo: map[string]string{}}
	for _, f := range fields {
		m.field(f)
	}
	if m.request(); m.whole {
		return rec
	}
	for _, f := range trailer {
		if strings.HasPrefix(f.Name, ":") {
			m.fault("a pseudo-header among the trailers")
		}
		m.regular(f)
		rec.Trailer = append(rec.Trailer, Field{f.Name, strings.Trim(f.Value, " \t")})
	}
	return rec
}

// HiddenSpace is a fault that does not show where cookies were put together, and
// Trailer was taken apart.
const HiddenSpace = "space around a part of a cookie that is within the whole, or around Trailer"

type meantFields struct {
	rec     *Recorded
	pseudo  map[string]string
	cookies []string
	behind  bool // a field that is no pseudo-header has come
	whole   bool // as much has come as was announced
	spaced  bool // a value has space around it, other than those below
	hidden  bool // Trailer has
}

func (m *meantFields) fault(what string) {
	if m.rec.Fault == "" {
		m.rec.Fault = what
	}
}

func (m *meantFields) field(f Field) {
	if !strings.HasPrefix(f.Name, ":") {
		m.behind = true
		m.regular(f)
		if f.Name == "cookie" { // its crumbs are one (RFC 9113, section 8.2.3)
			m.cookies = append(m.cookies, f.Value)
			return
		}
		m.rec.Header = append(m.rec.Header, Field{f.Name, strings.Trim(f.Value, " \t")})
		return
	}
	_, twice := m.pseudo[f.Name]
	switch {
	case twice:
		m.fault("a pseudo-header twice")
	case m.behind:
		m.fault("a pseudo-header behind a header")
	case !slices.Contains([]string{":method", ":scheme", ":authority", ":path"}, f.Name):
		m.fault("a pseudo-header that there is not")
	case strings.ContainsAny(f.Value, "\x00\r\n"):
		m.fault("a byte that no value has")
	}
	m.pseudo[f.Name] = f.Value
}

// regular looks at a header or a trailer.
func (m *meantFields) regular(f Field) {
	switch {
	case !token(f.Name) || f.Name != strings.ToLower(f.Name):
		m.fault("a name that is none: " + Quote(f.Name))
	case strings.ContainsAny(f.Value, "\x00\r\n"):
		m.fault("a value that is none: " + Quote(f.Value))
	case slices.Contains([]string{"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}, f.Name),
		f.Name == "te" && f.Value != "trailers":
		m.fault("a field of the connection: " + f.Name)
	}
	switch {
	case f.Name == "cookie" || !spaced(f.Value):
	case f.Name == "trailer":
		m.hidden = true
	default:
		m.spaced = true
	}
}

// request looks at the fields together.
func (m *meantFields) request() {
	rec := m.rec
	rec.Method, rec.Target = m.pseudo[":method"], m.pseudo[":path"]
	if len(m.cookies) > 0 {
		rec.Header = append(rec.Header, Field{"cookie", strings.Trim(strings.Join(m.cookies, "; "), " \t")})
	}
	hosts := rec.Values("Host")
	authority, has := m.pseudo[":authority"]
	switch {
	case !token(rec.Method):
		m.fault("no method")
	case rec.Method == "CONNECT":
		m.fault("a tunnel")
	case !strings.HasPrefix(rec.Target, "/") && (rec.Target != "*" || rec.Method != "OPTIONS"):
		m.fault("no path")
	case len(hosts) > 1 || has && len(hosts) > 0 && hosts[0] != authority:
		m.fault("more than one host")
	case m.spaced, m.cookiesSpaced():
		m.fault("space around a value")
	}
	if len(hosts) == 0 {
		rec.Header = append(rec.Header, Field{"host", authority})
	}
	m.lengths()
	if scheme := m.pseudo[":scheme"]; scheme != "https" && scheme != "http" {
		m.fault("no scheme that has requests of this form")
	}
	if m.hidden || slices.ContainsFunc(m.cookies, spaced) {
		m.fault(HiddenSpace)
	}
}

// cookiesSpaced reports whether there is space around all of them together.
func (m *meantFields) cookiesSpaced() bool {
	if len(m.cookies) == 0 {
		return false
	}
	first, last := m.cookies[0], m.cookies[len(m.cookies)-1]
	return strings.TrimLeft(first, " \t") != first || strings.TrimRight(last, " \t") != last
}

func spaced(value string) bool { return strings.Trim(value, " \t") != value }

// lengths holds what is announced against the DATA.
func (m *meantFields) lengths() {
	rec := m.rec
	announced := int64(-1)
	for _, length := range rec.Values("Content-Length") {
		if length == "" {
			m.fault("a Content-Length of nothing")
			continue
		}
		n, err := digits(length, 10)
		if err != nil || announced >= 0 && n != announced {
			m.fault("a length that is none: " + Quote(length))
			return
		}
		announced = n
	}
	have := int64(len(rec.Body))
	switch {
	case announced >= 0 && have >= announced:
		rec.Body, rec.Complete, m.whole = rec.Body[:announced], true, true
	case announced >= 0 && have != announced:
		m.fault("a length that is not that of the DATA")
	}
}
