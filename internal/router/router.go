// Package router decides which route takes a request.
//
// Start with [New], which compiles all routes of a configuration into a
// [Table], and ask it with [Table.Match]. What Match compares must be in one
// canonical form: [Host] makes it of a Host header, [Canonical] of a request
// target. The target's canonical form is also what is sent on to the backend,
// so no spelling of a path can be matched as one thing and served as another.
//
// A Table is immutable: any number of goroutines may ask it at once. The
// package never logs, never reads a file, and never changes a request.
package router

// Route says which requests a route takes. Every part that is empty takes
// all.
type Route struct {
	// Name is used in problems only.
	Name string
	// Listeners restricts the route to listeners of these names. Empty: all.
	Listeners []string
	// Hosts are exact names ("www.example.org"), wildcards for exactly one
	// label ("*.example.org"), addresses ("192.0.2.1", "[2001:db8::1]"), or
	// "*" for any host. Case and a trailing dot do not matter; a port is an
	// error. Empty: any host.
	Hosts []string
	// Paths are prefixes that end on a segment border: "/app" takes /app,
	// /app/ and /app/x, and not /apple. "/app/" is the same prefix. They are
	// written as in a URL, compared with case, and hold no parameters.
	// Empty: "/", which takes every path.
	Paths []string
}

// Problem is one fault in the routes given to [New].
type Problem struct {
	// Route is the index of the route at fault.
	Route int
	// Other is the index of the route it collides with, -1 if there is none.
	Other int
	// Key is the part of the route at fault, as a configuration names it:
	// "hosts[1]", "paths[0]", "listeners[0]", or "" for the route as a whole.
	Key string
	// Warning is set for what is without effect but does no harm.
	Warning bool
	// Text says what is wrong, Hint what to do about it.
	Text, Hint string
}

// Table is a compiled set of routes. Make one with [New]; the zero value
// matches nothing.
type Table struct {
	listeners map[string]*hosts
}

// hosts are the routes of one listener. A nil prefixes matches nothing.
type hosts struct {
	exact map[string]*prefixes
	under map[string]*prefixes // "*.example.org" under "example.org"
	any   *prefixes
}

// Match returns the index, in the slice that [New] got, of the most specific
// route that takes the request. host must be a result of [Host], path a
// [Target]'s MatchPath.
//
// Hosts are asked first: the exact name, then the wildcard, then the routes
// for any host. Among those of one host the longest path prefix wins, and
// where a route for this listener and one for all listeners have the same
// prefix, the former. A host that has routes, but none for this path, falls
// back on the next: routes for a host add to the wider ones, and take over
// only the paths that they name.
//
// Match allocates nothing. Its cost depends on the depth of the longest prefix
// and the lengths of host and path, and not on the number of routes.
func (t *Table) Match(listener, host, path string) (route int, ok bool) {
	h := t.listeners[listener]
	if h == nil {
		return 0, false
	}
	if route, ok := h.exact[host].match(path); ok {
		return route, true
	}
	if parent, ok := parentOf(host); ok {
		if route, ok := h.under[parent].match(path); ok {
			return route, true
		}
	}
	return h.any.match(path)
}
