package headers

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Front is the door as the client sees it.
type Front struct {
	// Scheme is "http" or "https".
	Scheme string
	// Host is the Host header of the request, valid as host[:port].
	Host string
}

// Rewriter makes an answer's links and cookies that name a backend of one pool
// name the front door. It changes those, and never others.
type Rewriter struct {
	origins map[string]bool // "http://host:port" in canonical form
	hosts   map[string]bool // canonical, without port
}

// NewRewriter returns the Rewriter for a pool with backends at these URLs, of
// which scheme and host count.
func NewRewriter(backends []*url.URL) *Rewriter {
	r := &Rewriter{origins: make(map[string]bool), hosts: make(map[string]bool)}
	for _, u := range backends {
		if key, ok := appendOrigin(nil, u.Scheme, u.Host); ok {
			r.origins[string(key)] = true
			r.hosts[strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")] = true
		}
	}
	return r
}

// Answer rewrites Location, Content-Location and Set-Cookie of an answer that
// came from backend.
func (r *Rewriter) Answer(h http.Header, front Front, backend *url.URL) {
	for _, name := range [...]string{"Location", "Content-Location", "Set-Cookie"} {
		if lines := h[name]; len(lines) > 0 {
			h[name] = r.lines(name, lines, front, backend)
		}
	}
}

// CleanAnswer is [RemoveHopByHop] and Answer in one, at half the cost.
func (r *Rewriter) CleanAnswer(h http.Header, front Front, backend *url.URL) {
	removeNamed(h)
	for name, lines := range h {
		switch name {
		case "Location", "Content-Location", "Set-Cookie":
			h[name] = r.lines(name, lines, front, backend)
		default:
			if hopByHop(name) {
				delete(h, name)
			}
		}
	}
}

// PassAnswer is CleanAnswer and copying the header in one, at half the cost. It puts into to what is to go on of from, which loses
// the headers that its Connection header names, and shares with to the slices
// that are the same in both.
func (r *Rewriter) PassAnswer(to, from http.Header, front Front, backend *url.URL) {
	removeNamed(from)
	for name, lines := range from {
		switch name {
		case "Location", "Content-Location", "Set-Cookie":
			to[name] = r.lines(name, lines, front, backend)
		default:
			if !hopByHop(name) {
				to[name] = lines
			}
		}
	}
}

// lines rewrites the lines of one header. They are not written to, for others
// may share them.
func (r *Rewriter) lines(name string, lines []string, front Front, backend *url.URL) []string {
	shared := true
	for i, value := range lines {
		var rewritten string
		if name == "Set-Cookie" {
			rewritten = r.SetCookie(value, front)
		} else {
			rewritten = r.Location(value, front, backend)
		}
		if len(rewritten) == len(value) && rewritten == value {
			continue
		}
		if shared {
			lines, shared = slices.Clone(lines), false
		}
		lines[i] = rewritten
	}
	return lines
}

// hostOf cuts the port off a host[:port].
func hostOf(host string) string {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		return host[:i]
	}
	return host
}
