package config

func poolRows(p *Pool) []field {
	return []field{
		value("name", &p.Name, "", names).needed(),
		value("policy", &p.Policy, "least_requests",
			planned(words("round_robin", "least_requests", "random", "first"), "hash")),
		value("all_down", &p.AllDown, "try_all", words("try_all", "fail")),
		value("when_full", &p.WhenFull, "move", words("move", "fail")),
		integer("queue", &p.Queue, 0, span{0, 1 << 20}),
		value("queue_timeout", &p.QueueTimeout, "5s", durations(false)),
		value("hold", &p.Hold, "0s", durations(true)),
		integer("hold_requests", &p.HoldRequests, 1000, span{1, 1 << 20}),
		value("hold_bytes", &p.HoldBytes, "64MiB", sizes(span{128 << 10, 16 << 30})),
		value("host", &p.Host, "client", words("client", "backend")),
		value("protocol", &p.Protocol, "h1", words("h1", "h2", "h2c")),
		value("proxy_protocol", &p.ProxyProtocol, "off", lineVersions),
		value("reuse", &p.Reuse, "idempotent", words("idempotent", "all")),
		value("replay_body", &p.ReplayBody, "64KiB", sizes(span{0, 64 << 20})),
		value("hedge", &p.Hedge, "auto", hedges),
		table("affinity", affinityRows(&p.Affinity)),
		value("slow_start", &p.SlowStart, "0s", durations(true)),
		optional("health", &p.Health, healthRows),
		optional("outliers", &p.Outliers, outlierRows),
		optional("unavailable", &p.Unavailable, unavailableRows),
		table("timeout", timeoutRows(&p.Timeout)),
		table("tls", backendTLSRows(&p.TLS)),
		tables("backend", &p.Backends, backendRows),
	}
}

func affinityRows(a *PoolAffinity) []field {
	return []field{
		value("by", &a.By, "none", planned(words("none", "cookie"),
			"address", "header", "app_cookie", "query", "path_parameter", "basic_user")),
		value("idle", &a.Idle, "30m", durations(false)),
		value("life", &a.Life, "12h", durations(false)),
		value("cookie", &a.Cookie, "", cookieNames).says("sterling-POOL"),
		value("same_site", &a.SameSite, "", words("none", "lax", "strict")).says("none over TLS, lax on plain HTTP"),
	}
}

func healthRows(h *Health) []field {
	var status statuses
	return []field{
		value("type", &h.Type, "", words("http", "tcp")).says("http when path is set, else tcp"),
		value("path", &h.Path, "", checkPaths).says("/ with type http"),
		value("host", &h.Host, "", hostHeaders).says("that of the backend's URL"),
		value("status", &status, "200-399", statusRange).then(func() { h.StatusMin, h.StatusMax = status.min, status.max }),
		value("interval", &h.Interval, "2s", durations(false)),
		value("timeout", &h.Timeout, "1s", durations(false)),
		integer("rise", &h.Rise, 1, span{1, 100}),
		integer("fall", &h.Fall, 2, span{1, 100}),
		value("drain_word", &h.DrainWord, "", bodyWords).says("none"),
	}
}

func outlierRows(o *Outliers) []field {
	return []field{
		integer("consecutive", &o.Consecutive, 5, span{0, 1000}),
		integer("error_percent", &o.ErrorPercent, 50, span{0, 100}),
		integer("requests", &o.Requests, 20, span{1, 1 << 20}),
		value("window", &o.Window, "10s", durations(false)),
		integer("latency", &o.Latency, 4, span{0, 1000}),
		value("eject", &o.Eject, "30s", durations(false)),
		value("eject_max", &o.EjectMax, "5m", durations(false)),
	}
}

func unavailableRows(u *Unavailable) []field {
	return []field{
		integer("status", &u.Status, 503, span{400, 599}),
		value("file", &u.File, "", files).says("none"),
		value("retry_after", &u.RetryAfter, "1s", durations(true)),
	}
}

func timeoutRows(t *Timeout) []field {
	return []field{
		value("connect", &t.Connect, "1s", durations(false)),
		value("response", &t.Response, "30s", durations(false)),
		value("total", &t.Total, "", durations(false)).says("2 × response"),
		value("body_idle", &t.BodyIdle, "30s", durations(false)),
		value("tunnel", &t.Tunnel, "1h", durations(false)),
		value("idle", &t.Idle, "30s", durations(false)),
	}
}

func backendTLSRows(t *BackendTLS) []field {
	return []field{
		value("ca", &t.CA, "", files).says("the system's"),
		value("server_name", &t.ServerName, "", serverNames).says("the host of the URL"),
		value("cert", &t.Cert, "", files).says("none"),
		value("key", &t.Key, "", files).says("none"),
	}
}

func backendRows(b *Backend) []field {
	return []field{
		value("name", &b.Name, "", names).needed(),
		value("url", &b.URL, "", backendURLs).needed(),
		integer("weight", &b.Weight, 1, span{0, 1000}),
		integer("priority", &b.Priority, 1, span{0, 1000}),
		integer("max_in_flight", &b.MaxInFlight, 0, span{0, 1 << 20}).says("0, no limit"),
	}
}
