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
	pools, listeners := make([]string, len(cfg.Pools)), make([]string, len(cfg.Listeners))
	redirects := make(map[string]bool) // the listeners that do nothing else
	for i, p := range cfg.Pools {
		pools[i] = p.Name
	}
	for i, l := range cfg.Listeners {
		listeners[i] = l.Name
		redirects[l.Name] = l.RedirectHTTPS
	}
	definedPools, definedListeners := define("pool", pools), define("listener", listeners)
	names := make([]string, len(cfg.Routes))
	for i, r := range cfg.Routes {
		names[i] = r.Name
		if w.has(routeKey(i, "pool")) && w.clean("pool") {
			w.known(routeKey(i, "pool"), r.Pool, definedPools)
		}
		if w.clean("listener") {
			w.judgeRouteListeners(i, r.Listeners, definedListeners, redirects)
		}
		w.judgeHSTS(i, r)
		w.judgeRules(routeKey(i, "request"), r.Request)
		w.judgeRules(routeKey(i, "response"), r.Response)
	}
	w.unique("route", names, func(i int) string { return routeKey(i, "name") })
}

func (w *walker) judgeRouteListeners(i int, names []string, listeners defined, redirects map[string]bool) {
	for j, name := range names {
		w.known(index(routeKey(i, "listeners"), j), name, listeners)
	}
	serves := func(name string) bool { return !redirects[name] }
	if len(names) > 0 && !slices.ContainsFunc(names, serves) {
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
