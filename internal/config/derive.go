package config

import (
	"path/filepath"
	"strconv"
	"strings"
)

// derive fills in the defaults that depend on other values.
func derive(cfg *Config) {
	for i := range cfg.Listeners {
		if l := &cfg.Listeners[i]; l.Name == "" {
			l.Name = "listener-" + strconv.Itoa(i+1)
		}
	}
	for i := range cfg.Routes {
		if r := &cfg.Routes[i]; r.Name == "" {
			r.Name = "route-" + strconv.Itoa(i+1)
		}
	}
	for i := range cfg.Pools {
		derivePool(&cfg.Pools[i])
	}
}

func derivePool(p *Pool) {
	if p.Timeout.Total == 0 {
		p.Timeout.Total = 2 * p.Timeout.Response
	}
	if p.Affinity.Cookie == "" {
		p.Affinity.Cookie = "sterling-" + p.Name
	}
	if h := p.Health; h != nil {
		if h.Type == "" && h.Path == "" {
			h.Type = "tcp"
		} else if h.Type == "" {
			h.Type = "http"
		}
		if h.Type == "http" && h.Path == "" {
			h.Path = "/"
		}
	}
}

// resolve makes relative paths relative to the folder of the file, and that of
// the key file to the state folder.
func resolve(cfg *Config, dir string) {
	cfg.State.Dir = under(dir, cfg.State.Dir)
	cfg.Affinity.Keys = under(cfg.State.Dir, cfg.Affinity.Keys)
	if o := cfg.Log.Output; o != "stderr" && o != "stdout" {
		cfg.Log.Output = under(dir, o)
	}
	if isFile(cfg.AccessLog.Output) {
		cfg.AccessLog.Output = under(dir, cfg.AccessLog.Output)
	}
	if path, ok := strings.CutPrefix(cfg.Admin.Address, "unix:"); ok {
		cfg.Admin.Address = "unix:" + under(dir, path)
	}
	for i := range cfg.TLS.Certificates {
		c := &cfg.TLS.Certificates[i]
		c.Cert, c.Key, c.Files = under(dir, c.Cert), under(dir, c.Key), under(dir, c.Files)
	}
	if a := cfg.TLS.ACME; a != nil {
		a.CA = under(dir, a.CA)
	}
	for i := range cfg.TLS.ECH {
		cfg.TLS.ECH[i] = under(dir, cfg.TLS.ECH[i])
	}
	for i := range cfg.TLS.Clients {
		c := &cfg.TLS.Clients[i]
		c.CA = under(dir, c.CA)
		for j := range c.CRL {
			c.CRL[j] = under(dir, c.CRL[j])
		}
	}
	for i := range cfg.Pools {
		t := &cfg.Pools[i].TLS
		t.CA, t.Cert, t.Key = under(dir, t.CA), under(dir, t.Cert), under(dir, t.Key)
		if u := cfg.Pools[i].Unavailable; u != nil {
			u.File = under(dir, u.File)
		}
	}
}

// isFile says whether the output of a log is a file.
func isFile(output string) bool {
	switch output {
	case "stdout", "stderr", "off", "syslog":
		return false
	}
	return true
}

// under is a path as seen from dir; "" stays "".
func under(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
