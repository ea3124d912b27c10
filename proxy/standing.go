package proxy

import (
	"net"
	"strconv"

	"sterling/internal/config"
)

// standing says which listener of a configuration a door takes its rules from.
type standing struct {
	door     string // its name at the start, by which snapshots keep its rules
	name     string // that routes and logs have for it
	listener int    // its place in the configuration; -1: none fits, and the rules before go on
}

// standings are those at the start, where there is a door for each listener.
func standings(cfg *config.Config) []standing {
	out := make([]standing, len(cfg.Listeners))
	for i, l := range cfg.Listeners {
		out[i] = standing{l.Name, l.Name, i}
	}
	return out
}

// stand finds the listener of a new configuration for each door. A name is no
// proof: it may have gone to another address, and those that are not given go by
// place in the file. reloadMu is held.
func (s *Server) stand(cfg *config.Config) []standing {
	old := s.snapshot.Load()
	out := make([]standing, len(s.doors))
	for i, d := range s.doors {
		out[i] = standing{d.name, old.listeners[d.name].cfg.Name, -1}
	}
	taken := make(map[string]bool)
	claim := func(named bool) {
		for i, d := range s.doors {
			for j, l := range cfg.Listeners {
				if out[i].listener < 0 && !taken[l.Name] && fits(d.cfg, l) && (!named || l.Name == out[i].name) {
					out[i], taken[l.Name] = standing{d.name, l.Name, j}, true
				}
			}
		}
	}
	claim(true) // only port 0 stands there more than once
	claim(false)
	for i, d := range s.doors {
		if out[i].listener < 0 && taken[out[i].name] {
			out[i].name = d.address() // which is no name: no route that names the other one is for this
		}
	}
	return out
}

// fits reports whether rules that were written for one listener mean the same at
// a socket that was opened for another. With a PROXY line, trusted_proxies are
// those who write it, whose clients write the headers.
func fits(was, l config.Listener) bool {
	return was.Address == l.Address && was.Protocol == l.Protocol && was.ProxyProtocol == l.ProxyProtocol
}

// called is the door's name in the configuration that is in force.
func (d *door) called() string { return d.server.snapshot.Load().listeners[d.name].cfg.Name }

// address is where it is bound.
func (d *door) address() string {
	if d.listener == nil {
		return d.cfg.Address
	}
	return d.listener.Addr().String()
}

// rules are those of all doors, by their names at the start.
func (p *plan) rules(old *snapshot) map[string]*listenerRules {
	rules := make(map[string]*listenerRules, len(p.doors))
	for _, at := range p.doors {
		var r listenerRules
		if at.listener >= 0 {
			r = listenerRules{cfg: p.cfg.Listeners[at.listener], trust: p.trust[at.listener]}
		} else {
			r = *old.listeners[at.door]
			r.cfg.Name = at.name
		}
		rules[at.door] = &r
	}
	p.redirect(rules)
	return rules
}

// redirect says to every redirecting door where it sends people: to the https
// door that comes first in the file. As long as the file's only ones are not
// open yet, nobody is sent away.
func (p *plan) redirect(rules map[string]*listenerRules) {
	var to redirection
	first := len(p.cfg.Listeners) + len(p.doors)
	for i, at := range p.doors {
		place := at.listener
		if place < 0 {
			place = len(p.cfg.Listeners) + i // after those that are there
		}
		if l := rules[at.door].cfg; l.Protocol == "https" && place < first {
			first, to = place, redirection{listener: l.Name}
			if _, port, err := net.SplitHostPort(l.Address); err == nil {
				to.port, _ = strconv.Atoi(port) // checked with the configuration
			}
		}
	}
	later := to.listener == "" && p.secure()
	for _, r := range rules {
		r.cfg.RedirectHTTPS = r.cfg.RedirectHTTPS && !later
		r.to = to
		if r.cfg.HTTPSPort != 0 {
			r.to.port = r.cfg.HTTPSPort
		}
	}
}

// secure reports whether the configuration has an https listener.
func (p *plan) secure() bool {
	for _, l := range p.cfg.Listeners {
		if l.Protocol == "https" {
			return true
		}
	}
	return false
}
