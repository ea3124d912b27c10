package router

import "strings"

// prefixes are the path rules of one host on one listener. Keys have no
// trailing slash; the one for every path is "".
type prefixes struct {
	routes map[string]claim
	depth  int // the number of segments of the longest key
}

// claim says which route owns a host and a prefix on a listener.
type claim struct {
	route      int
	restricted bool // the route names its listeners
}

// match finds the longest prefix of path. It looks at no more segments than
// the longest key has, so that a path of a thousand slashes costs no more
// than a short one.
func (p *prefixes) match(path string) (int, bool) {
	if p == nil {
		return 0, false
	}
	for end := border(path, p.depth); end >= 0; end = strings.LastIndexByte(path[:end], '/') {
		if c, ok := p.routes[path[:end]]; ok {
			return c.route, true
		}
	}
	return 0, false
}

// border returns the length of the first n segments of path.
func border(path string, n int) int {
	end := 0
	for ; n > 0 && end < len(path); n-- {
		next := strings.IndexByte(path[end+1:], '/')
		if next < 0 {
			return len(path)
		}
		end += 1 + next
	}
	return end
}

// put enters a claim. Its key must be new.
func (p *prefixes) put(key string, c claim) {
	if p.routes == nil {
		p.routes = make(map[string]claim)
	}
	p.routes[key] = c
	p.depth = max(p.depth, strings.Count(key, "/"))
}
