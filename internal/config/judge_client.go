package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

func clientKey(i int, key string) string { return fmt.Sprintf("tls.client[%d].%s", i, key) }

// judgeClients wants to know, of each host, one thing alone.
func (w *walker) judgeClients(cfg *Config) {
	first := make(map[string]int)
	for i, c := range cfg.TLS.Clients {
		if !w.clean(clientKey(i, "hosts")) {
			continue
		}
		hosts := c.Hosts
		if len(hosts) == 0 {
			hosts = []string{""}
		}
		for j, host := range hosts {
			at := index(clientKey(i, "hosts"), j)
			if host == "" {
				at = fmt.Sprintf("tls.client[%d]", i)
			}
			if other, taken := first[host]; taken {
				w.fault(at, faultf("one policy for each host", "tls.client[%d] is for the same hosts", other))
				continue
			}
			first[host] = i
			if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
				w.fault(at, faultf("leave it out: a policy without hosts is for clients that ask for no name",
					"%s is an address, and clients ask for names alone", host))
			}
		}
		w.judgeClient(i, c)
	}
	if w.clean("tls.client") {
		w.judgeVerified(cfg)
	}
}

// judgeVerified wants for each route that takes verified clients alone a listener
// and, for each of its hosts, a policy by which there are some.
func (w *walker) judgeVerified(cfg *Config) {
	for i, r := range cfg.Routes {
		if !r.ClientVerified {
			continue
		}
		if w.clean("listener", routeKey(i, "listeners")) {
			w.judgeVerifiedListeners(i, r.Listeners, cfg.Listeners)
		}
		hosts := r.Hosts
		if len(hosts) == 0 {
			hosts = []string{""}
		}
		if !w.clean(routeKey(i, "hosts")) {
			continue
		}
		for _, host := range hosts {
			if verifies(cfg.TLS.Clients, host) {
				continue
			}
			text := faultf(`add a [[tls.client]] for it, with certificate = "optional" or "required" and a ca`,
				"no client of %s is asked for a certificate that could be verified", host)
			if host == "" {
				text = faultf("add a [[tls.client]] with a ca", "no client is asked for a certificate that could be verified")
			}
			w.fault(routeKey(i, "client_verified"), text)
		}
	}
}

// judgeVerifiedListeners: over plain HTTP nobody shows a certificate.
func (w *walker) judgeVerifiedListeners(i int, names []string, listeners []Listener) {
	hint := `add a [[listener]] with protocol = "https"`
	for _, l := range listeners {
		if l.Protocol != "https" {
			continue
		}
		if len(names) == 0 || slices.Contains(names, l.Name) {
			return
		}
		hint = "name an https listener in listeners, or leave listeners out"
	}
	if len(listeners) == 0 {
		return
	}
	w.fault(routeKey(i, "client_verified"), faultf(hint, "every listener of this route speaks plain HTTP, over which no client can show a certificate"))
}

// verifies reports whether a client of a host, or of one that a pattern stands
// for, may be verified; "" stands for all.
func verifies(policies []ClientPolicy, host string) bool {
	below, wide := strings.CutPrefix(host, "*")
	byHost := make(map[string]bool)
	for _, c := range policies {
		good := c.CA != "" && (c.Certificate == "optional" || c.Certificate == "required")
		if good && host == "" {
			return true
		}
		if len(c.Hosts) == 0 {
			byHost[""] = good
		}
		for _, h := range c.Hosts {
			byHost[h] = good
			if first, parent, _ := strings.Cut(h, "."); good && wide && first != "*" && "."+parent == below {
				return true
			}
		}
	}
	_, parent, _ := strings.Cut(host, ".")
	for _, name := range []string{host, "*." + parent, ""} {
		if good, found := byHost[name]; found {
			return good
		}
	}
	return false
}

func (w *walker) judgeClient(i int, c ClientPolicy) {
	if !w.clean(clientKey(i, "certificate"), clientKey(i, "ca"), clientKey(i, "crl")) {
		return
	}
	verifies := c.Certificate == "optional" || c.Certificate == "required"
	switch {
	case verifies && c.CA == "":
		w.fault(clientKey(i, "ca"), faultf("name the PEM file of the authorities that issue them", "is missing: nobody could tell a good certificate"))
	case !verifies && c.CA != "":
		w.warn(clientKey(i, "ca"), idle(`it needs certificate = "optional" or "required"`, "nothing is verified"))
	case !verifies && len(c.CRL) > 0:
		w.warn(clientKey(i, "crl"), idle(`it needs certificate = "optional" or "required"`, "nothing is verified"))
	}
}
