package router

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// New compiles routes for the listeners of these names. It finds every
// problem, not only the first: what is malformed, two routes that cannot be
// told apart, and, as warnings, routes and parts of routes that can never
// match. Problems come in the order of the routes.
//
// The table is never nil. It is for use only when no problem but warnings was
// found.
func New(listeners []string, routes []Route) (*Table, []Problem) {
	b := builder{routes: routes, table: &Table{listeners: make(map[string]*hosts)}, seen: make(map[clash]bool)}
	for _, name := range listeners {
		b.table.listeners[name] = &hosts{
			exact: make(map[string]*prefixes), under: make(map[string]*prefixes), any: new(prefixes),
		}
	}
	b.all = slices.Compact(slices.Sorted(slices.Values(listeners)))
	parsed := make([]parsedRoute, len(routes))
	for i := range routes {
		parsed[i] = b.parse(i)
	}
	// Restricted routes first, so that the others find the places taken that
	// they lose.
	for _, restricted := range []bool{true, false} {
		for i := range parsed {
			if parsed[i].restricted == restricted {
				b.enter(i, parsed[i])
			}
		}
	}
	slices.SortStableFunc(b.problems, func(x, y Problem) int { return x.Route - y.Route })
	return b.table, b.problems
}

// builder is the state of one New.
type builder struct {
	routes   []Route
	all      []string // listeners
	table    *Table
	problems []Problem
	seen     map[clash]bool
}

// clash is a pair of routes that was reported.
type clash struct{ a, b int }

// parsedRoute is a route whose parts are canonical. Malformed ones are left
// out.
type parsedRoute struct {
	listeners  []string
	restricted bool
	hosts      []part[pattern]
	paths      []part[string]
}

// part is one host or path of a route, with the key that names it.
type part[T any] struct {
	value T
	key   string
}

func (b *builder) fault(route int, key, text, hint string) {
	b.problems = append(b.problems, Problem{Route: route, Other: -1, Key: key, Text: text, Hint: hint})
}

func (b *builder) warn(route, other int, key, text, hint string) {
	b.problems = append(b.problems, Problem{Route: route, Other: other, Key: key, Warning: true, Text: text, Hint: hint})
}

// parse reads one route.
func (b *builder) parse(i int) parsedRoute {
	r := b.routes[i]
	out := parsedRoute{listeners: b.all, restricted: len(r.Listeners) > 0}
	if out.restricted {
		out.listeners = b.parseListeners(i)
	}
	out.hosts = parseParts(b, i, "hosts", r.Hosts, parsePattern)
	if len(r.Hosts) == 0 {
		out.hosts = []part[pattern]{{pattern{}, ""}}
	}
	out.paths = parseParts(b, i, "paths", r.Paths, parsePrefix)
	if len(r.Paths) == 0 {
		out.paths = []part[string]{{"", ""}}
	}
	return out
}

func (b *builder) parseListeners(i int) []string {
	var out []string
	for j, name := range b.routes[i].Listeners {
		key := fmt.Sprintf("listeners[%d]", j)
		switch {
		case b.table.listeners[name] == nil:
			b.fault(i, key, fmt.Sprintf("there is no listener %q", name), "the listeners are "+strings.Join(b.all, ", "))
		case slices.Contains(out, name):
			b.warn(i, -1, key, fmt.Sprintf("listener %q is named twice", name), "leave one out")
		default:
			out = append(out, name)
		}
	}
	return out
}

// parseParts reads the hosts or the paths of a route.
func parseParts[T comparable](b *builder, i int, kind string, in []string, parse func(string) (T, error)) []part[T] {
	var out []part[T]
	for j, s := range in {
		key := fmt.Sprintf("%s[%d]", kind, j)
		v, err := parse(s)
		if err != nil {
			var h hintedError
			_ = errors.As(err, &h) // every error of a parser is one
			b.fault(i, key, fmt.Sprintf("%q: %s", s, h.text), h.hint)
			continue
		}
		if slices.ContainsFunc(out, func(p part[T]) bool { return p.value == v }) {
			b.warn(i, -1, key, fmt.Sprintf("%q is named twice", s), "leave one out")
			continue
		}
		out = append(out, part[T]{v, key})
	}
	return out
}

// enter claims for a route every place it asks for, and reports those that
// others hold.
func (b *builder) enter(i int, r parsedRoute) {
	var l losses
	for _, host := range r.hosts {
		for _, path := range r.paths {
			l.add(host, path, b.claim(i, r, host.value, path.value))
		}
	}
	b.reportLosses(i, &l)
}

// claim takes one host and path on every listener of the route that still has
// them free. It returns the route that holds them on all of its listeners, or
// -1.
func (b *builder) claim(i int, r parsedRoute, host pattern, path string) (owner int) {
	owner, kept := -1, false
	for _, name := range r.listeners {
		p := b.table.listeners[name].of(host)
		c, taken := p.routes[path]
		switch {
		case !taken:
			p.put(path, claim{i, r.restricted})
			kept = true
		case c.restricted == r.restricted:
			b.indistinct(i, c.route, fmt.Sprintf("%s of %s on listener %q", display(path), host, name))
			kept = true // one problem is enough
		default:
			owner = c.route
		}
	}
	if kept {
		return -1
	}
	return owner
}

// display writes a prefix as people do.
func display(prefix string) string {
	if prefix == "" {
		return "/"
	}
	return prefix
}

// indistinct reports two routes that cannot be told apart, once.
func (b *builder) indistinct(i, other int, place string) {
	pair := clash{min(i, other), max(i, other)}
	if b.seen[pair] {
		return
	}
	b.seen[pair] = true
	b.problems = append(b.problems, Problem{
		Route: pair.b, Other: pair.a,
		Text: fmt.Sprintf("routes %q and %q cannot be told apart: both take %s",
			b.routes[pair.a].Name, b.routes[pair.b].Name, place),
		Hint: "give them different hosts, paths or listeners",
	})
}

// of returns the prefixes of a host pattern, which it makes if need be.
func (h *hosts) of(p pattern) *prefixes {
	if p.rank == anyHost {
		return h.any
	}
	m := h.exact
	if p.rank == wildcard {
		m = h.under
	}
	if m[p.name] == nil {
		m[p.name] = new(prefixes)
	}
	return m[p.name]
}
