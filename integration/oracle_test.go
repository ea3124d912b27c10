package integration

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"path"
	"slices"
	"strings"

	"sterling/internal/proxytest"
	"sterling/internal/router"
)

// oracle holds what a backend saw against what a client has meant. What it lets
// the door change is in what follows, and nothing else is.
type oracle struct {
	// scheme and port are those of the door, as the backend is told.
	scheme, port string
	// streams: requests side by side need not arrive in their order.
	streams bool
	// lenient: the server takes for good what RFC 9112 lets it overlook, such as
	// bare line feeds, and goes on behind it, where nobody can tell what was meant.
	// Only what is wrong in any case is.
	lenient bool
	// overlooks are faults that it does not see; the request must still be what
	// it is without.
	overlooks []string
}

// unmeant says what of seen the client cannot have meant; "" when nothing is.
// The last of meant may be one that is cut or has a fault. Each may arrive once:
// some are for another backend, or refused.
func (o oracle) unmeant(meant, seen []*proxytest.Recorded) string {
	_, problem := o.match(meant, seen)
	return problem
}

// match is unmeant that returns those of meant, too, which may still arrive.
func (o oracle) match(meant, seen []*proxytest.Recorded) (left []*proxytest.Recorded, problem string) {
	for _, s := range seen {
		if problem := alwaysWrong(s); problem != "" {
			return meant, problem
		}
	}
	if o.lenient {
		return nil, ""
	}
	if left, ok := o.assign(seen, meant); ok {
		return left, ""
	}
	for _, s := range seen {
		if !slices.ContainsFunc(meant, func(m *proxytest.Recorded) bool { return o.differs(s, m) == "" }) {
			return meant, o.stranger(s, meant)
		}
	}
	return meant, "one was meant once, and has arrived twice, or in another order"
}

// assign finds one that was meant for each of seen, and returns the others. One
// that may be either is tried as both.
func (o oracle) assign(seen, left []*proxytest.Recorded) (others []*proxytest.Recorded, ok bool) {
	if len(seen) == 0 {
		return left, true
	}
	for i, m := range left {
		if o.differs(seen[0], m) != "" {
			continue
		}
		rest := left[i+1:]
		if o.streams {
			rest = slices.Concat(left[:i], rest)
		}
		if others, ok = o.assign(seen[1:], rest); ok {
			return others, true
		}
	}
	return left, false
}

// stranger tells of a request that is none of those that were meant, and how it
// differs from the first of those of its method.
func (o oracle) stranger(s *proxytest.Recorded, meant []*proxytest.Recorded) string {
	for _, m := range meant {
		if m.Method == s.Method {
			return fmt.Sprintf("a %s is none of those that were meant: %s", s.Method, o.differs(s, m))
		}
	}
	return fmt.Sprintf("a %s is none of those that were meant", s.Method)
}

// alwaysWrong is what no client can mean.
func alwaysWrong(s *proxytest.Recorded) string {
	switch {
	case s.Fault != "":
		return "it is not well-formed: " + s.Fault
	case !strings.EqualFold(strings.TrimSuffix(hostOf(s.Get("Host")), "."), "localhost"):
		return "it is for another host"
	case s.Has("Upgrade") && !strings.EqualFold(s.Get("Upgrade"), "websocket"):
		return "it asks for another protocol"
	case forbidden(s.Target):
		return "it has got past a rule for paths"
	}
	return ""
}

// differs says in what a request is not the one that was meant; "" when it is.
func (o oracle) differs(s, m *proxytest.Recorded) string {
	if s.Method != m.Method {
		return "another method"
	}
	if !m.Complete || m.Fault != "" && !slices.Contains(o.overlooks, m.Fault) {
		return "nothing was meant: " + m.Fault
	}
	target, err := router.Canonical(m.Target, true)
	host := m.Get("Host")
	if target.Authority != "" {
		host = target.Authority
	}
	switch {
	case err != nil:
		return "nobody can tell what its target means: " + err.Error()
	case s.Target != target.String():
		return "another target"
	case s.Get("Host") != host:
		return "another host"
	case !bytes.Equal(s.Body, m.Body):
		return "another body"
	}
	if problem := o.headersDiffer(s, m, host); problem != "" {
		return problem
	}
	return trailersDiffer(s, m)
}

func hostOf(authority string) string {
	if host, _, err := net.SplitHostPort(authority); err == nil {
		return host
	}
	return authority
}

// forbidden reports whether a server would find /admin there.
func forbidden(target string) bool {
	raw, _, _ := strings.Cut(target, "?")
	plain, err := url.PathUnescape(raw)
	if err != nil {
		return true // no server could tell
	}
	clean := path.Clean(strings.ReplaceAll(plain, "\\", "/"))
	return clean == "/admin" || strings.HasPrefix(clean, "/admin/")
}
