package config

// schema is the whole of what a file may hold: every key with its type, its
// default and its place in the Config. Nothing else knows any of that.
func schema(c *Config) []field {
	return []field{
		table("log", logRows(&c.Log)),
		table("access_log", accessLogRows(&c.AccessLog)),
		table("admin", adminRows(&c.Admin)),
		table("state", []field{
			value("dir", &c.State.Dir, "state", files).atStart(),
		}),
		table("affinity", []field{
			value("keys", &c.Affinity.Keys, "affinity.keys", files),
		}),
		table("tls", tlsRows(&c.TLS)),
		tables("listener", &c.Listeners, listenerRows),
		table("limits", limitsRows(&c.Limits)),
		table("shutdown", shutdownRows(&c.Shutdown)),
		table("upgrade", []field{
			value("timeout", &c.Upgrade.Timeout, "30s", durations(false)),
			value("idle_grace", &c.Upgrade.IdleGrace, "20s", durations(true)),
		}),
		tables("route", &c.Routes, routeRows),
		tables("pool", &c.Pools, poolRows),
	}
}

func logRows(l *Log) []field {
	return []field{
		value("level", &l.Level, "info", words("debug", "info", "warn", "error")).atStart(),
		value("format", &l.Format, "", words("json", "console")).atStart().says("console on a terminal, else json"),
		value("output", &l.Output, "stderr", logFiles).atStart(),
	}
}

func accessLogRows(l *AccessLog) []field {
	return []field{
		value("output", &l.Output, "stdout", accessLogFiles).atStart(),
		value("format", &l.Format, "json", formatNames).atStart(),
		mapping("formats", &l.Formats, formatName, plain).atStart(),
		integer("queue", &l.Queue, 8192, span{1, 1 << 20}).atStart(),
	}
}

func adminRows(a *Admin) []field {
	return []field{
		value("address", &a.Address, "", adminAddresses).atStart().says("off"),
		value("token", &a.Token, "", secrets).atStart().says("none"),
	}
}

func tlsRows(t *TLS) []field {
	return []field{
		value("min_version", &t.MinVersion, "1.2", tlsVersions).atStart(),
		tables("certificate", &t.Certificates, func(c *Certificate) []field {
			return []field{
				value("cert", &c.Cert, "", files).says("required, or files"),
				value("key", &c.Key, "", files).says("required, or files"),
				value("files", &c.Files, "", patterns).says("none"),
			}
		}),
		value("watch", &t.Watch, "10s", durations(true)),
		list("suites", &t.Suites, nil, suites).filled("leave it out for a good choice").says("all six").atStart(),
		list("curves", &t.Curves, nil, curves).filled("leave it out for a good choice").says("X25519MLKEM768 and others").atStart(),
		list("ech", &t.ECH, nil, files).says("none"),
		optional("acme", &t.ACME, acmeRows),
		tables("client", &t.Clients, func(c *ClientPolicy) []field {
			return []field{
				list("hosts", &c.Hosts, nil, hostPatterns).filled("leave it out for all hosts that no other policy has").says("all others"),
				value("certificate", &c.Certificate, "", words("none", "ask", "optional", "required")).needed(),
				value("ca", &c.CA, "", files).says("none"),
				list("crl", &c.CRL, nil, files).says("none"),
			}
		}),
	}
}

func acmeRows(a *ACME) []field {
	return []field{
		value("email", &a.Email, "", emails).atStart().says("none"),
		value("directory", &a.Directory, "", directoryURLs).atStart().says("Let's Encrypt"),
		value("ca", &a.CA, "", files).atStart().says("the system's"),
		list("hosts", &a.Hosts, nil, hostPatterns).filled("leave hosts out for those of the routes").says("those of the routes"),
		value("wait", &a.Wait, "8s", durations(true)).atStart(),
		value("eab_key_id", &a.BindingID, "", texts).atStart().says("none"),
		value("eab_key", &a.BindingKey, "", encodedSecrets).atStart().says("none"),
	}
}

func limitsRows(l *Limits) []field {
	return []field{
		integer("connections", &l.Connections, 0, span{0, 1 << 24}).atStart(),
		integer("connections_per_address", &l.ConnectionsPerAddress, 0, span{0, 1 << 24}).atStart(),
	}
}

func shutdownRows(s *Shutdown) []field {
	return []field{
		value("grace", &s.Grace, "0s", durations(true)),
		value("idle_grace", &s.IdleGrace, "2s", durations(true)),
		value("timeout", &s.Timeout, "25s", durations(false)),
	}
}
