package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

func routeKey(i int, key string) string { return fmt.Sprintf("route[%d].%s", i, key) }

func (w *walker) judgeRoutes(cfg *Config) {
	if len(cfg.Routes) == 0 && w.clean("route") {
		w.warn("route", faultf("add a [[route]] that names a pool", "there is none, so every request is answered 404"))
	}
	pools := make([]string, 0, len(cfg.Pools))
	for _, p := range cfg.Pools {
		pools = append(pools, p.Name)
	}
	names := make([]string, len(cfg.Routes))
	for i, r := range cfg.Routes {
		names[i] = r.Name
		key := routeKey(i, "pool")
		if w.has(key) && w.clean("pool") && !slices.Contains(pools, r.Pool) {
			w.fault(key, unknownName("pool", r.Pool, slices.Clone(pools)))
		}
		w.judgeRouteListeners(i, r, cfg.Listeners)
		w.judgeRules(routeKey(i, "request"), r.Request)
		w.judgeRules(routeKey(i, "response"), r.Response)
	}
	w.unique("route", names, func(i int) string { return routeKey(i, "name") })
}

func (w *walker) judgeRouteListeners(i int, r Route, listeners []Listener) {
	known := make(map[string]Listener, len(listeners))
	for _, l := range listeners {
		known[l.Name] = l
	}
	serving := false
	for j, name := range r.Listeners {
		l, ok := known[name]
		if !ok && w.clean("listener") {
			w.fault(index(routeKey(i, "listeners"), j), unknownName("listener", name, slices.Collect(maps.Keys(known))))
		}
		serving = serving || !ok || !l.RedirectHTTPS
	}
	if len(r.Listeners) > 0 && !serving {
		w.warn(routeKey(i, "listeners"), faultf("name a listener that serves, or leave listeners out",
			"every listener of this route redirects to https, so its pool gets no request"))
	}
}

// judgeRules finds a header that is named twice in one table, in other letters.
func (w *walker) judgeRules(key string, r HeaderRules) {
	for table, values := range map[string]map[string]string{"set": r.Set, "add": r.Add} {
		first := make(map[string]string)
		for _, name := range slices.Sorted(maps.Keys(values)) {
			lower := strings.ToLower(name)
			at := join(join(key, table), name)
			if other, taken := first[lower]; taken {
				w.fault(at, faultf("names of headers are the same in upper and lower case", "%s stands here, too, as %s", name, other))
			}
			first[lower] = name
		}
	}
}
