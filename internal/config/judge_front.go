package config

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

func listenerKey(i int, key string) string { return fmt.Sprintf("listener[%d].%s", i, key) }

func (w *walker) judgeAdmin(a Admin) {
	if !w.clean("admin.address", "admin.token") {
		return
	}
	switch {
	case a.Address == "" && a.Token != "":
		w.warn("admin.token", idle("set [admin].address, too", "the API is off"))
	case a.Address != "" && a.Token == "" && !local(a.Address):
		w.fault("admin.address", faultf("listen on 127.0.0.1 or a unix: socket, or set [admin].token",
			"%s can be reached from other machines, and there is no token", a.Address))
	case a.Token != "" && len(a.Token) < 16:
		w.warn("admin.token", faultf("use 16 characters or more, at random", "is short enough to be guessed"))
	}
}

// local says whether only processes of this machine can reach an address.
func local(address string) bool {
	if strings.HasPrefix(address, "unix:") {
		return true
	}
	host, _, _ := net.SplitHostPort(address)
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

func (w *walker) judgeListeners(listeners []Listener) {
	if len(listeners) == 0 && w.clean("listener") {
		w.fault("listener", faultf("add a [[listener]] with address and protocol", "there is none, so nobody can be served"))
	}
	names := make([]string, len(listeners))
	for i, l := range listeners {
		names[i] = l.Name
		for j, p := range l.TrustedProxies {
			if p.Bits() == 0 {
				w.warn(listenerKey(i, "trusted_proxies"), faultf("name the addresses of the proxies in front",
					"entry %d, %s, lets every client choose its own address", j+1, p))
			}
		}
		if w.clean(listenerKey(i, "max_uri"), listenerKey(i, "max_header")) && l.MaxURI > l.MaxHeader {
			w.warn(listenerKey(i, "max_uri"), idle("raise max_header, too", "max_header is less, and counts the request line"))
		}
	}
	w.unique("listener", names, func(i int) string { return listenerKey(i, "name") })
}

func (w *walker) judgeRedirects(listeners []Listener) {
	https := slices.ContainsFunc(listeners, func(l Listener) bool { return l.Protocol != "http" })
	for i, l := range listeners {
		w.judgeHTTP3(i, l)
		if at := listenerKey(i, "proxy_protocol"); l.ProxyProtocol != "off" && len(l.TrustedProxies) == 0 && w.clean(at, listenerKey(i, "trusted_proxies")) {
			w.fault(at, faultf("name the balancers in trusted_proxies", "nobody is trusted to say who the client is"))
		}
		redirect, port := listenerKey(i, "redirect_https"), listenerKey(i, "https_port")
		switch {
		case !w.clean(redirect, port, listenerKey(i, "protocol")):
		case l.RedirectHTTPS && l.Protocol == "https":
			w.fault(redirect, faultf("set it on the http listener", "an https listener would send its visitors to itself"))
		case l.RedirectHTTPS && !https && l.HTTPSPort == 0:
			w.fault(redirect, faultf("add an https listener, or set https_port to the port of the one in front",
				"there is no https listener to send visitors to"))
		case !l.RedirectHTTPS && w.has(port):
			w.warn(port, idle("set redirect_https = true, or leave it out", "only redirect_https uses it"))
		}
	}
}

// judgeHTTP3 wants TLS and an address, for UDP is opened here.
func (w *walker) judgeHTTP3(i int, l Listener) {
	at := listenerKey(i, "http3")
	switch {
	case !w.clean(at, listenerKey(i, "protocol"), listenerKey(i, "address")):
	case l.HTTP3 && l.Protocol == "http":
		w.fault(at, faultf("set it on the https listener", "there is no HTTP/3 without TLS"))
	case l.HTTP3 && strings.HasPrefix(l.Address, "fd:"):
		w.fault(at, faultf("give address as host:port, or leave http3 out", "a passed socket is one of TCP, and HTTP/3 needs one of UDP"))
	case l.HTTP3 && l.ProxyProtocol == "required" && w.clean(listenerKey(i, "proxy_protocol")):
		w.fault(at, faultf("leave http3 out, or give it a listener of its own",
			"over UDP there is no PROXY line, so that everybody would be served without one"))
	case l.HTTP3 && l.ProxyProtocol == "optional":
		w.warn(at, faultf("leave one of them out", "over UDP there is no PROXY line: the balancer is the client there"))
	}
	for _, key := range []string{"http3_port", "early_data"} {
		if at := listenerKey(i, key); !l.HTTP3 && w.has(at) && w.clean(listenerKey(i, "http3")) {
			w.warn(at, idle("set http3 = true, or leave it out", "only HTTP/3 uses it"))
		}
	}
}

func (w *walker) judgeAddresses(cfg *Config) {
	taken := make([]socket, 0, len(cfg.Listeners)+1)
	add := func(key, address string) {
		if address != "" && w.clean(key) {
			taken = append(taken, newSocket(key, address))
		}
	}
	for i, l := range cfg.Listeners {
		add(listenerKey(i, "address"), l.Address)
	}
	add("admin.address", cfg.Admin.Address)
	slices.SortStableFunc(taken, func(a, b socket) int { return w.pos.line(a.key) - w.pos.line(b.key) })
	for i, b := range taken {
		if j := slices.IndexFunc(taken[:i], b.clashes); j >= 0 {
			w.fault(b.key, faultf("choose another port or address", "%s is taken by %s at %s",
				b.address, taken[j].key, w.at(taken[j].key)))
		}
	}
}

func (w *walker) judgeCertificates(cfg *Config) {
	for i, c := range cfg.TLS.Certificates {
		w.judgePair(fmt.Sprintf("tls.certificate[%d]", i), c)
	}
	if a := cfg.TLS.ACME; a != nil && w.clean("tls.acme", "tls.acme.eab_key_id", "tls.acme.eab_key") {
		if (a.BindingID == "") != (a.BindingKey == nil) {
			w.fault("tls.acme", faultf("give both, as the authority shows them", "of eab_key_id and eab_key one is missing"))
		}
	}
	w.judgeSuites(cfg)
	w.judgeClients(cfg)
	if !w.clean("tls", "tls.certificate", "tls.acme", "listener") {
		return
	}
	https := slices.IndexFunc(cfg.Listeners, func(l Listener) bool { return l.Protocol == "https" })
	switch {
	case https >= 0 && len(cfg.TLS.Certificates) == 0 && cfg.TLS.ACME == nil:
		w.fault(listenerKey(https, "protocol"), faultf("add a [[tls.certificate]] with cert and key, or [tls.acme]", "https needs a certificate, and there is none"))
	case https < 0 && cfg.TLS.ACME != nil:
		w.warn("tls.acme", idle(`give a listener protocol = "https"`, "no listener speaks https"))
	case https < 0 && len(cfg.TLS.Certificates) > 0 && !slices.ContainsFunc(cfg.Listeners, func(l Listener) bool { return l.Protocol == "" }):
		w.warn("tls.certificate", idle(`give a listener protocol = "https"`, "no listener speaks https"))
	}
}

// judgePair wants a certificate with its key, or a pattern for both.
func (w *walker) judgePair(at string, c Certificate) {
	if !w.clean(at, at+".cert", at+".key", at+".files") {
		return
	}
	const choice = "give cert and key, or files"
	switch {
	case c.Files != "" && (c.Cert != "" || c.Key != ""):
		w.fault(at+".files", faultf(choice, "stands beside cert or key"))
	case c.Files != "":
	case c.Cert == "" && c.Key == "":
		w.fault(at, faultf(choice, "names no certificate"))
	case c.Cert == "":
		w.fault(at+".cert", faultf(choice, "is missing"))
	case c.Key == "":
		w.fault(at+".key", faultf(choice, "is missing"))
	}
}
