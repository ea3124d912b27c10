package proxy

import (
	"fmt"

	"sterling/internal/headers"
	proxytls "sterling/tls"
)

// compileClients reads whom clients must prove to be.
func (p *plan) compileClients() {
	modes := map[string]proxytls.Mode{
		"none": proxytls.NoCertificate, "ask": proxytls.AskCertificate,
		"optional": proxytls.OptionalCertificate, "required": proxytls.RequireCertificate,
	}
	var policies []proxytls.ClientPolicy
	for _, c := range p.cfg.TLS.Clients {
		policies = append(policies, proxytls.ClientPolicy{Hosts: c.Hosts, Mode: modes[c.Certificate], CA: c.CA, CRLs: c.CRL})
	}
	clients, faults := proxytls.LoadClients(policies)
	p.clients = clients
	for _, f := range faults {
		p.fault(fmt.Sprintf("tls.client[%d].%s", f.Index, f.Field), f.Hint, f.Err)
	}
	if clients == nil {
		return
	}
	for _, w := range clients.Warnings() {
		key := fmt.Sprintf("tls.client[%d].%s", w.Index, w.Field)
		p.problems = append(p.problems, p.cfg.Warning(key, w.Err.Error(), w.Hint))
	}
}

// verified reports whether the client has shown a certificate that is good.
func (x *exchange) verified() bool { return x.in.TLS != nil && len(x.in.TLS.VerifiedChains) > 0 }

// admits checks whether the connection may carry a request for this host.
func (x *exchange) admits() (verdict, bool) {
	if x.in.TLS == nil {
		return certificateMissing, x.snap.clients.Admits(nil, x.host)
	}
	return misdirected, x.door.server.certificates.SamePolicy(x.in.TLS.ServerName, x.host) && x.snap.clients.Admits(x.in.TLS, x.host)
}

// tellCertificate tells the backend of the client's certificate, where one was
// asked for. Elsewhere there are no such headers but those of a trusted proxy.
func (x *exchange) tellCertificate(told *headers.ClientCertificate) bool {
	state := x.in.TLS
	if state == nil || len(state.PeerCertificates) == 0 && x.snap.clients.Mode(x.host) == proxytls.NoCertificate {
		return false
	}
	if len(state.PeerCertificates) > 0 {
		told.Leaf, told.Verified = state.PeerCertificates[0], len(state.VerifiedChains) > 0
	}
	return true
}
