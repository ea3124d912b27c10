package router

import (
	"errors"
	"strings"
)

// rank orders host patterns by exactness.
type rank int

const (
	anyHost rank = iota
	wildcard
	exact
)

// pattern is one host pattern of a route, ready to be compared.
type pattern struct {
	rank rank
	name string // canonical: the host, or what follows "*."
}

func (p pattern) String() string {
	switch p.rank {
	case exact:
		return p.name
	case wildcard:
		return "*." + p.name
	}
	return "any host"
}

// hintedError is a fault in a route with the way out of it.
type hintedError struct{ text, hint string }

func (e hintedError) Error() string { return e.text }

// parsePattern reads a host pattern of a route.
func parsePattern(s string) (pattern, error) {
	if s == "*" {
		return pattern{rank: anyHost}, nil
	}
	rest, wild := strings.CutPrefix(s, "*.")
	if strings.Contains(rest, "*") {
		return pattern{}, hintedError{"a wildcard stands for one whole label at the start", "write *.example.org"}
	}
	for i := 0; i < len(rest); i++ {
		if rest[i] >= 0x80 {
			return pattern{}, hintedError{"host names are compared as they are sent, in ASCII", "write the xn-- form"}
		}
	}
	name, err := Host(rest)
	switch {
	case errors.Is(err, errPort), err == nil && hasPort(rest):
		return pattern{}, hintedError{"a route is chosen by the name alone, without the port", "leave out the port; name listeners to restrict a route"}
	case err != nil:
		return pattern{}, hintedError{err.Error(), "write a name such as www.example.org, *.example.org, or an address"}
	case wild && isAddress(name):
		return pattern{}, hintedError{"an address has no labels", "write the address itself"}
	case wild:
		return pattern{wildcard, name}, nil
	}
	return pattern{exact, name}, nil
}

// hasPort reports whether a valid host is followed by a port.
func hasPort(s string) bool {
	return strings.LastIndexByte(s, ':') > strings.LastIndexByte(s, ']')
}

// isAddress reports whether a canonical host is an IP address.
func isAddress(host string) bool {
	return host[0] == '[' || endsInNumber(host)
}

// parentOf cuts off the first label of a canonical host.
func parentOf(host string) (string, bool) {
	i := strings.IndexByte(host, '.')
	if i <= 0 {
		return "", false
	}
	return host[i+1:], true
}

// parsePrefix reads a path prefix of a route, and returns it without a
// trailing slash.
func parsePrefix(s string) (string, error) {
	if !strings.HasPrefix(s, "/") {
		return "", hintedError{"a path begins with /", "write /" + s}
	}
	if strings.ContainsAny(s, "?#") {
		return "", hintedError{"a path holds no query", "end it before ? or #"}
	}
	if strings.ContainsAny(s, "*") {
		return "", hintedError{"a path is a prefix, and takes no wildcards", "write %2A for a star that is really in the path"}
	}
	if strings.Contains(s, ";") {
		return "", hintedError{"path parameters are not compared", "end the segment before the ;"}
	}
	path, _, err := canonicalPath(s, true)
	if err != nil {
		return "", hintedError{err.Error(), "write the path as it stands in a URL"}
	}
	if strings.Count(path, "/") != strings.Count(s, "/") {
		return "", hintedError{"a path is compared in its canonical form", "write " + path}
	}
	return strings.TrimSuffix(matchForm(path), "/"), nil
}
