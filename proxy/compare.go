package proxy

import (
	"reflect"
	"slices"

	"sterling/internal/config"
)

// compareNamed says which of the named things were added, removed or changed,
// in the order of their names.
func compareNamed[T any](kind string, before, after map[string]T) []string {
	var lines []string
	for name, v := range after {
		was, ok := before[name]
		switch {
		case !ok:
			lines = append(lines, kind+" "+name+" added")
		case !reflect.DeepEqual(was, v):
			lines = append(lines, kind+" "+name+" changed")
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			lines = append(lines, kind+" "+name+" removed")
		}
	}
	slices.Sort(lines)
	return lines
}

func byName[T any](all []T, name func(T) string) map[string]T {
	m := make(map[string]T, len(all))
	for _, v := range all {
		m[name(v)] = v
	}
	return m
}

func routesByName(c *config.Config) map[string]config.Route {
	return byName(c.Routes, func(r config.Route) string { return r.Name })
}

func poolsByName(c *config.Config) map[string]config.Pool {
	return byName(c.Pools, func(p config.Pool) string { return p.Name })
}

func listenersByName(c *config.Config) map[string]config.Listener {
	return byName(c.Listeners, func(l config.Listener) string { return l.Name })
}

func backendsByName(p config.Pool) map[string]config.Backend {
	return byName(p.Backends, func(b config.Backend) string { return b.Name })
}
