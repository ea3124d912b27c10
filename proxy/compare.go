package proxy

import (
	"maps"
	"reflect"
	"slices"

	"sterling/internal/config"
)

// changes says in lines what has come into force with next. A line names keys,
// and never has what they hold, which may be secret.
func changes(old, next *snapshot) []string {
	was, cfg := old.cfg, next.cfg
	lines := compareNamed("route", routesByName(was), routesByName(cfg))
	lines = append(lines, comparePools(was, cfg)...)
	lines = append(lines, compareListeners(old, next)...)
	return append(lines, compareKeys([]keyed{
		{"affinity: keys", was.Affinity.Keys, cfg.Affinity.Keys},
		{"tls: certificate", was.TLS.Certificates, cfg.TLS.Certificates},
		{"tls: watch", was.TLS.Watch, cfg.TLS.Watch},
		{"tls: ech", was.TLS.ECH, cfg.TLS.ECH},
		{"tls: client", was.TLS.Clients, cfg.TLS.Clients},
		{"tls.acme: hosts", orderedHosts(was, cfg), orderedHosts(cfg, was)},
		{"shutdown: grace", was.Shutdown.Grace, cfg.Shutdown.Grace},
		{"shutdown: idle_grace", was.Shutdown.IdleGrace, cfg.Shutdown.IdleGrace},
		{"shutdown: timeout", was.Shutdown.Timeout, cfg.Shutdown.Timeout},
		{"upgrade: timeout", was.Upgrade.Timeout, cfg.Upgrade.Timeout},
		{"upgrade: idle_grace", was.Upgrade.IdleGrace, cfg.Upgrade.IdleGrace},
	}, " changed")...)
}

// keyed is a key of the file with what it held and what it holds.
type keyed struct {
	key      string
	old, now any
}

// compareKeys names the keys whose values differ, with more after each.
func compareKeys(keys []keyed, more string) []string {
	var lines []string
	for _, k := range keys {
		if !reflect.DeepEqual(k.old, k.now) {
			lines = append(lines, k.key+more)
		}
	}
	return lines
}

// orderedHosts are the names of [tls.acme], where the other configuration has
// that table, too: it comes and goes with a restart.
func orderedHosts(cfg, other *config.Config) []string {
	if cfg.TLS.ACME == nil || other.TLS.ACME == nil {
		return nil
	}
	return cfg.TLS.ACME.Hosts
}

// compareListeners compares the rules of doors that are open.
func compareListeners(old, next *snapshot) []string {
	var lines []string
	for _, door := range slices.Sorted(maps.Keys(next.listeners)) {
		was, now := old.listeners[door].cfg, next.listeners[door].cfg
		if was.Name != now.Name {
			lines = append(lines, "listener "+was.Name+": renamed to "+now.Name)
		}
		at := "listener " + now.Name + ": "
		lines = append(lines, compareKeys([]keyed{
			{at + "trusted_proxies", was.TrustedProxies, now.TrustedProxies},
			{at + "redirect_https", was.RedirectHTTPS, now.RedirectHTTPS},
			{at + "https_port", was.HTTPSPort, now.HTTPSPort},
			{at + "body_idle", was.BodyIdle, now.BodyIdle},
			{at + "max_uri", was.MaxURI, now.MaxURI},
		}, " changed")...)
	}
	return lines
}

func comparePools(old, cfg *config.Config) []string {
	before, after := poolsByName(old), poolsByName(cfg)
	lines := compareNamed("pool", withoutBackends(before), withoutBackends(after))
	for _, p := range cfg.Pools {
		if was, ok := before[p.Name]; ok {
			lines = append(lines, compareNamed("pool "+p.Name+": backend", backendsByName(was), backendsByName(p))...)
		}
	}
	return lines
}

func withoutBackends(pools map[string]config.Pool) map[string]config.Pool {
	out := make(map[string]config.Pool, len(pools))
	for name, p := range pools {
		p.Backends = nil
		out[name] = p
	}
	return out
}

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

func backendsByName(p config.Pool) map[string]config.Backend {
	return byName(p.Backends, func(b config.Backend) string { return b.Name })
}
