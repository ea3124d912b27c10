package router

import "fmt"

// losses collects what a route asked for and others hold on every listener.
type losses struct {
	pairs, lost int
	owner       int // of the last one lost
	hosts       map[string]*tally
	paths       map[string]*tally
	order       []*tally
}

// tally counts how much of one host or one path of a route is lost.
type tally struct {
	key, name   string
	pairs, lost int
	owner       int
}

// add records one pair of a host and a path of the route, and which route
// holds it: -1 for the route itself.
func (l *losses) add(host part[pattern], path part[string], owner int) {
	if l.hosts == nil {
		l.hosts, l.paths = make(map[string]*tally), make(map[string]*tally)
	}
	for _, t := range []*tally{
		l.tally(l.hosts, host.key, host.value.String()),
		l.tally(l.paths, path.key, display(path.value)),
	} {
		t.pairs++
		if owner >= 0 {
			t.lost++
			t.owner = owner
		}
	}
	l.pairs++
	if owner >= 0 {
		l.lost++
		l.owner = owner
	}
}

func (l *losses) tally(in map[string]*tally, key, name string) *tally {
	t := in[key]
	if t == nil {
		t = &tally{key: key, name: name}
		in[key] = t
		l.order = append(l.order, t)
	}
	return t
}

// reportLosses warns of a route that can never match, or else of each of its
// hosts and paths that cannot.
func (b *builder) reportLosses(i int, l *losses) {
	const hint = "a route that names its listeners goes before one for all of them; leave it out, or restrict it, too"
	if l.pairs > 0 && l.lost == l.pairs {
		b.warn(i, l.owner, "", fmt.Sprintf("route %q can never match: route %q takes its requests on every listener",
			b.routes[i].Name, b.routes[l.owner].Name), hint)
		return
	}
	for _, t := range l.order {
		if t.lost == t.pairs && t.key != "" {
			b.warn(i, t.owner, t.key, fmt.Sprintf("%s can never match: route %q takes it on every listener",
				t.name, b.routes[t.owner].Name), hint)
		}
	}
}
