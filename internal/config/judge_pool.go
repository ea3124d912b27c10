package config

import "fmt"

func poolKey(i int, key string) string { return fmt.Sprintf("pool[%d].%s", i, key) }

func (w *walker) judgePools(cfg *Config) {
	used, allUsesKnown := make(map[string]bool), w.clean("route")
	for i, r := range cfg.Routes {
		used[r.Pool] = true
		// A route whose pool is misspelled may mean any of them.
		allUsesKnown = allUsesKnown && w.clean(routeKey(i, "pool"))
	}
	names := make([]string, len(cfg.Pools))
	for i, p := range cfg.Pools {
		names[i] = p.Name
		if allUsesKnown && !used[p.Name] && w.has(poolKey(i, "name")) {
			w.warn(poolKey(i, "name"), faultf("name it as pool in a [[route]], or leave it out", "no route uses this pool"))
		}
		w.judgeAffinity(i, p)
		w.judgeHealth(i, p.Health)
		w.judgeOutliers(i, p)
		w.judgeTimeout(i, p.Timeout)
		w.judgeBackends(i, p)
		w.judgeProtocol(i, p)
	}
	w.unique("pool", names, func(i int) string { return poolKey(i, "name") })
	w.judgeCookies(cfg.Pools)
}

func (w *walker) judgeAffinity(i int, p Pool) {
	at := poolKey(i, "affinity.")
	if !w.clean(at + "by") {
		return
	}
	if p.Affinity.By == "none" {
		for _, key := range []string{"idle", "life", "cookie", "same_site"} {
			if w.has(at + key) {
				w.warn(at+key, idle(`set by = "cookie", or leave it out`, "visitors of this pool are not pinned"))
			}
		}
		return
	}
	if w.clean(at+"idle", at+"life") && p.Affinity.Life < p.Affinity.Idle {
		key := at + "life"
		if !w.given[key] {
			key = at + "idle"
		}
		w.warn(key, faultf("make life the longer one", "life (%s) is shorter than idle (%s), which is never reached",
			short(p.Affinity.Life), short(p.Affinity.Idle)))
	}
}

// judgeCookies finds two pools that would overwrite each other's cookie.
func (w *walker) judgeCookies(pools []Pool) {
	first := make(map[string]int)
	for i, p := range pools {
		key := poolKey(i, "affinity.cookie")
		if p.Affinity.By != "cookie" || !w.clean(key) || p.Name == "" {
			continue
		}
		j, taken := first[p.Affinity.Cookie]
		if taken && pools[j].Name != p.Name {
			w.fault(key, faultf("give each pool a cookie of its own", "%q is the cookie of pool %q, too", p.Affinity.Cookie, pools[j].Name))
			continue
		}
		first[p.Affinity.Cookie] = i
	}
}

func (w *walker) judgeHealth(i int, h *Health) {
	at := poolKey(i, "health.")
	if h == nil || h.Type != "tcp" || !w.clean(at+"type", at+"path") {
		return
	}
	for _, key := range []string{"path", "host", "status", "drain_word"} {
		if w.has(at + key) {
			w.warn(at+key, idle(`set type = "http", or leave it out`, "a tcp check only connects"))
		}
	}
}

func (w *walker) judgeOutliers(i int, p Pool) {
	at, o := poolKey(i, "outliers"), p.Outliers
	if o == nil {
		return
	}
	if w.has(at+".eject_max") && w.clean(at+".eject") && o.EjectMax < o.Eject {
		w.warn(at+".eject_max", faultf("make eject_max the longer one", "eject_max (%s) is shorter than eject (%s), which holds",
			short(o.EjectMax), short(o.Eject)))
	}
	if w.clean(at+".consecutive", at+".error_percent", at+".latency") && o.Consecutive == 0 && o.ErrorPercent == 0 && o.Latency == 0 {
		w.warn(at, idle("give one of consecutive, error_percent and latency, or leave the table out", "nothing makes a backend an outlier"))
	}
	if len(p.Backends) == 1 && w.clean(poolKey(i, "backend")) {
		w.warn(at, idle("leave the table out", "the only backend of a pool is never ejected"))
	}
}

func (w *walker) judgeTimeout(i int, t Timeout) {
	at := poolKey(i, "timeout.")
	if w.has(at+"total") && w.clean(at+"response") && t.Total < t.Response {
		w.warn(at+"total", faultf("make total the longer one", "total (%s) is shorter than response (%s), which is never reached",
			short(t.Total), short(t.Response)))
	}
}

func (w *walker) judgeBackends(i int, p Pool) {
	if len(p.Backends) == 0 && w.clean(poolKey(i, "backend")) {
		w.fault(poolKey(i, "backend"), faultf("add a [[pool.backend]] with name and url", "the pool has no backend"))
	}
	key := func(j int, name string) string { return fmt.Sprintf("pool[%d].backend[%d].%s", i, j, name) }
	names := make([]string, len(p.Backends))
	urls := make(map[string]int)
	weights, limited := 0, false
	for j, b := range p.Backends {
		names[j] = b.Name
		weights += b.Weight
		limited = limited || b.MaxInFlight > 0
		if b.URL == nil {
			continue
		}
		if other, taken := urls[b.URL.String()]; taken {
			w.warn(key(j, "url"), faultf("one server is one backend; give it a weight instead",
				"is the same server as backend %q", p.Backends[other].Name))
		} else {
			urls[b.URL.String()] = j
		}
	}
	w.unique("backend of this pool", names, func(j int) string { return key(j, "name") })
	if len(p.Backends) > 0 && weights == 0 {
		w.warn(key(0, "weight"), faultf("give one of them a weight", "every backend of this pool has weight 0, so none takes a new visitor"))
	}
	if at := poolKey(i, "queue"); p.Queue > 0 && !limited {
		w.warn(at, idle("it needs a backend with max_in_flight", "no backend is ever full"))
	}
	if at := poolKey(i, "queue_timeout"); w.has(at) && p.Queue == 0 {
		w.warn(at, idle("it needs queue", "nobody waits"))
	}
	for _, key := range []string{"hold_requests", "hold_bytes"} {
		if at := poolKey(i, key); w.has(at) && p.Hold == 0 && w.clean(poolKey(i, "hold")) {
			w.warn(at, idle("it needs hold", "nobody waits"))
		}
	}
	if when := poolKey(i, "when_full"); w.has(when) && (!limited || p.Affinity.By == "none") {
		w.warn(when, idle(`it needs [pool.affinity] with by = "cookie", and a backend with max_in_flight`, "no pinned visitor can find its backend full"))
	}
}

func (w *walker) judgeProtocol(i int, p Pool) {
	if !w.clean(poolKey(i, "protocol")) {
		return
	}
	if at := poolKey(i, "proxy_protocol"); p.ProxyProtocol > 0 && p.Protocol != "h1" && w.clean(at) {
		w.fault(at, faultf(`set protocol = "h1", or leave one of them out`, "an HTTP/2 connection serves many clients, and a PROXY line names one"))
	}
	https := 0
	for j, b := range p.Backends {
		if b.URL == nil {
			https++ // its own fault is enough
			continue
		}
		key := fmt.Sprintf("pool[%d].backend[%d].url", i, j)
		if b.URL.Scheme == "https" {
			https++
		}
		switch {
		case p.Protocol == "h2c" && b.URL.Scheme == "https":
			w.fault(key, faultf(`write an http URL, or protocol = "h2" in the pool`, "h2c is HTTP/2 without TLS, and the scheme is https"))
		case p.Protocol == "h2" && b.URL.Scheme == "http":
			w.fault(key, faultf(`write an https URL, or protocol = "h2c" in the pool`, "h2 needs TLS, and the scheme is http"))
		}
	}
	w.judgeBackendTLS(i, p, https)
}

func (w *walker) judgeBackendTLS(i int, p Pool, https int) {
	at := poolKey(i, "tls")
	switch {
	case !w.given[at]:
	case w.clean(at+".cert", at+".key") && (p.TLS.Cert == "") != (p.TLS.Key == ""):
		w.fault(at, faultf("set both cert and key", "a client certificate needs its key, and a key its certificate"))
	case https == 0 && len(p.Backends) > 0:
		w.warn(at, idle("write https URLs, or leave it out", "no backend of this pool has an https URL"))
	}
}
