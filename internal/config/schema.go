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
				value("cert", &c.Cert, "", files).needed(),
				value("key", &c.Key, "", files).needed(),
			}
		}),
		pending("acme"),
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
