package prove

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"sterling/internal/config"
)

// target is where the users of one pool go.
type target struct {
	pool   string
	url    url.URL // as a browser would have it, without the port
	dial   string  // the address of the rehearsal's listener
	sticky bool    // visitors are pinned
}

// aim finds a way to each pool that a route leads to.
func aim(cfg *config.Config, addresses []string) []target {
	var all []target
	for _, p := range cfg.Pools {
		for _, r := range cfg.Routes {
			if r.Pool != p.Name {
				continue
			}
			if t, ok := through(cfg, r, addresses); ok {
				t.pool, t.sticky = p.Name, p.Affinity.By != "none"
				all = append(all, t)
				break
			}
		}
	}
	return all
}

// through finds a listener that leads to a route, if possible one with TLS.
func through(cfg *config.Config, r config.Route, addresses []string) (t target, ok bool) {
	for i, l := range cfg.Listeners {
		if l.RedirectHTTPS || len(r.Listeners) > 0 && !slices.Contains(r.Listeners, l.Name) || ok && l.Protocol != "https" {
			continue
		}
		if l.Protocol != "http" && l.Protocol != "https" {
			continue
		}
		t.url = url.URL{Scheme: l.Protocol, Host: host(r), Path: path(r)}
		t.dial, ok = addresses[i], true
		if l.Protocol == "https" {
			break
		}
	}
	return t, ok
}

func host(r config.Route) string {
	if len(r.Hosts) == 0 {
		return "localhost"
	}
	return strings.Replace(r.Hosts[0], "*.", "prove.", 1)
}

func path(r config.Route) string {
	if len(r.Paths) == 0 {
		return "/"
	}
	return r.Paths[0]
}

// free finds n addresses on loopback that nobody has just now.
func free(n int) ([]string, error) {
	var all []string
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = ln.Close() }() // all at the end, so that no address comes twice
		all = append(all, ln.Addr().String())
	}
	return all, nil
}
