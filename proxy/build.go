package proxy

import (
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sterling/backend"
	"sterling/internal/config"
	"sterling/internal/headers"
	"sterling/session"
)

// build makes the snapshot of a plan. It reuses backends that are known, and
// starts nothing: an error leaves everything as it was.
func (s *Server) build(p *plan, generation uint64) (*snapshot, error) {
	if err := s.takeKeys(p); err != nil {
		return nil, err
	}
	s.reweigh(p.pools)
	pools, err := s.backends.Build(p.pools)
	if err != nil {
		return nil, fmt.Errorf("building the pools: %w", err)
	}
	snap := &snapshot{
		generation: generation, cfg: p.cfg, table: p.table, pools: pools,
		certificates: p.certificates, clients: p.clients, ech: p.ech, files: p.files,
		byName: make(map[string]*pool),
	}
	for i, c := range p.cfg.Pools {
		built, err := s.buildPool(c, pools.Pool(c.Name), p.keys)
		if err != nil {
			pools.Retire()
			return nil, err
		}
		built.page = p.pages[i]
		snap.byName[c.Name] = built
	}
	for i, c := range p.cfg.Routes {
		snap.routes = append(snap.routes, &route{
			cfg: c, pool: snap.byName[c.Pool],
			request: p.request[i], response: p.response[i], proxy: newForwarder(), hsts: hsts(c),
		})
	}
	addStrippers(snap.routes)
	snap.listeners = p.rules(s.snapshot.Load())
	return snap, nil
}

// takeKeys sees to it that the affinity keys are there, and makes them on the
// first start.
func (s *Server) takeKeys(p *plan) error {
	if !p.keysNeeded || p.keys != nil {
		return nil
	}
	keys, err := session.LoadOrCreate(p.cfg.Affinity.Keys)
	if err != nil {
		return config.Problems{p.cfg.Problem(keysPlace(p.cfg), err.Error(), "let the user that this runs as write there, or name another place")}
	}
	p.keys = keys
	return nil
}

// keysPlace is the key of the configuration that says where the key file is made.
func keysPlace(cfg *config.Config) string {
	if filepath.Dir(cfg.Affinity.Keys) == filepath.Clean(cfg.State.Dir) {
		return "state.dir"
	}
	return "affinity.keys"
}

func (s *Server) buildPool(c config.Pool, b *backend.Pool, keys *session.Keys) (*pool, error) {
	out := &pool{Pool: b, cfg: c, counters: s.counters[c.Name]}
	if out.counters == nil {
		out.counters = &poolCounters{census: session.NewCensus(c.Affinity.Idle, time.Now())}
		s.counters[c.Name] = out.counters
	}
	urls := make([]*url.URL, len(c.Backends))
	for i := range c.Backends {
		urls[i] = c.Backends[i].URL
	}
	out.rewriter = headers.NewRewriter(urls)
	if c.Affinity.By != "cookie" {
		return out, nil
	}
	out.counters.census.SetIdle(c.Affinity.Idle)
	out.places = make(map[string]*session.Place, len(c.Backends))
	for i := range c.Backends {
		out.places[c.Backends[i].Name] = out.counters.census.Place(c.Backends[i].Name)
	}
	var err error
	out.affinity, err = session.New(session.Options{
		Pool: c.Name, Cookie: c.Affinity.Cookie, Keys: keys,
		Idle: c.Affinity.Idle, Life: c.Affinity.Life, SameSite: c.Affinity.SameSite,
		Counts: &out.counters.cookies,
	})
	if err != nil {
		return nil, fmt.Errorf("pool %q: building the affinity: %w", c.Name, err)
	}
	return out, nil
}

// addStrippers sees to it that no backend gets the affinity cookies of the
// other pools that its host's visitors are pinned to. A route for any host, or
// a wildcard, takes out all.
func addStrippers(routes []*route) {
	var all []*session.Affinity
	byHost := make(map[string][]*session.Affinity)
	for _, r := range routes {
		a := r.pool.affinity
		if a == nil {
			continue
		}
		all = append(all, a)
		if wide(r.cfg) {
			byHost["*"] = append(byHost["*"], a)
		}
		for _, h := range r.cfg.Hosts {
			byHost[h] = append(byHost[h], a)
		}
	}
	whole := session.NewStripper(all...)
	for _, r := range routes {
		if r.strip = whole; wide(r.cfg) {
			continue
		}
		names := slices.Clone(byHost["*"])
		for _, h := range r.cfg.Hosts {
			names = append(names, byHost[h]...)
		}
		r.strip = session.NewStripper(names...)
	}
}

// wide reports whether a route takes hosts that are not named in full.
func wide(r config.Route) bool {
	return len(r.Hosts) == 0 || slices.ContainsFunc(r.Hosts, func(h string) bool { return strings.HasPrefix(h, "*") })
}

// poolOptions puts a pool of the configuration in the backend's terms.
func poolOptions(c config.Pool) backend.PoolOptions {
	o := backend.PoolOptions{
		Name: c.Name, Policy: backend.Policy(c.Policy), Protocol: backend.Protocol(c.Protocol),
		TryAll: c.AllDown == "try_all", ReuseForAll: c.Reuse == "all", SlowStart: c.SlowStart,
		Queue: c.Queue, ProxyLine: c.ProxyProtocol,
		Timeouts: backend.Timeouts{
			Connect: c.Timeout.Connect, Response: c.Timeout.Response,
			BodyIdle: c.Timeout.BodyIdle, Idle: c.Timeout.Idle,
		},
	}
	if h := c.Health; h != nil {
		o.Check = backend.CheckOptions{
			Kind: backend.CheckKind(h.Type), Path: h.Path, Host: h.Host,
			StatusMin: h.StatusMin, StatusMax: h.StatusMax,
			Interval: h.Interval, Timeout: h.Timeout, Rise: h.Rise, Fall: h.Fall, DrainWord: h.DrainWord,
		}
	}
	if out := c.Outliers; out != nil {
		o.Outliers = &backend.Outliers{
			Consecutive: out.Consecutive, ErrorPercent: out.ErrorPercent, Latency: float64(out.Latency),
			Requests: out.Requests, Window: out.Window, Eject: out.Eject, EjectMax: out.EjectMax,
		}
	}
	for _, b := range c.Backends {
		o.Backends = append(o.Backends, backend.MemberOptions{
			Name: b.Name, URL: b.URL, Weight: b.Weight, Priority: b.Priority, MaxInFlight: b.MaxInFlight,
		})
	}
	return o
}
