package config

func listenerRows(l *Listener) []field {
	return []field{
		value("name", &l.Name, "", names).says("listener-N, by place"),
		value("address", &l.Address, "", listenAddresses).needed().atStart(),
		value("protocol", &l.Protocol, "", planned(words("http", "https"), "tcp", "dns")).needed().atStart(),
		list("trusted_proxies", &l.TrustedProxies, nil, addressRanges).says("none"),
		value("proxy_protocol", &l.ProxyProtocol, "off", words("off", "optional", "required")).atStart(),
		boolean("redirect_https", &l.RedirectHTTPS),
		integer("https_port", &l.HTTPSPort, 0, span{0, 65535}).says("that of the first https listener"),
		value("idle", &l.Idle, "60s", durations(false)).atStart(),
		value("header_timeout", &l.HeaderTimeout, "10s", durations(false)).atStart(),
		value("body_idle", &l.BodyIdle, "30s", durations(false)),
		value("write_idle", &l.WriteIdle, "60s", durations(false)).atStart(),
		value("max_header", &l.MaxHeader, "16KiB", sizes(span{1 << 10, 16 << 20})).atStart(),
		integer("max_headers", &l.MaxHeaders, 100, span{1, 10000}).atStart(),
		value("max_uri", &l.MaxURI, "8KiB", sizes(span{64, 1 << 20})),
		value("engine", &l.Engine, "native", words("native", "standard")).atStart(),
		boolean("http3", &l.HTTP3).atStart(),
		integer("http3_port", &l.HTTP3Port, 0, span{0, 65535}).says("that of address").atStart(),
		boolean("early_data", &l.EarlyData).atStart(),
	}
}

func routeRows(r *Route) []field {
	return []field{
		value("name", &r.Name, "", names).says("route-N, by place"),
		list("listeners", &r.Listeners, nil, references).filled("leave it out to take every listener").says("all"),
		list("hosts", &r.Hosts, nil, hostPatterns).filled("leave it out to take every host").says("every host"),
		list("paths", &r.Paths, []string{"/"}, pathPrefixes).filled("leave it out to take every path"),
		value("pool", &r.Pool, "", references).needed(),
		value("max_body", &r.MaxBody, "0", sizes(span{0, 1 << 50})).says("0, no limit"),
		value("min_body_rate", &r.MinBodyRate, "240", sizes(span{0, 1 << 30})),
		list("upgrade", &r.Upgrade, []string{"websocket"}, upgradeTokens),
		boolean("idempotency_key", &r.IdempotencyKey),
		boolean("forwarded", &r.Forwarded),
		value("encoded_slash", &r.EncodedSlash, "reject", words("reject", "pass")),
		value("hsts", &r.HSTS, "0s", durations(true)),
		boolean("hsts_subdomains", &r.HSTSSubdomains),
		boolean("hsts_preload", &r.HSTSPreload),
		boolean("client_verified", &r.ClientVerified),
		table("request", ruleRows(&r.Request, requestHeaderName)),
		table("response", ruleRows(&r.Response, headerName)),
	}
}

// A header may hold a password, as for a backend.
func ruleRows(r *HeaderRules, check func(string) *fault) []field {
	return []field{
		mapping("set", &r.Set, check, headerValue).hidden(),
		mapping("add", &r.Add, check, headerValue).hidden(),
		list("remove", &r.Remove, nil, headerNames(check)),
	}
}
