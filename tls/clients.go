package tls

import (
	"crypto/tls"
	"strings"
)

// Mode says what a policy wants of clients.
type Mode int

// The modes.
const (
	// NoCertificate: clients are not asked.
	NoCertificate Mode = iota
	// AskCertificate: clients are asked. What they show is proved to be theirs, but
	// whoever issued it is not looked at: the application does that.
	AskCertificate
	// OptionalCertificate: clients are asked, and may show none. One that is
	// shown must be good.
	OptionalCertificate
	// RequireCertificate: without a good one there is no connection.
	RequireCertificate
)

// ClientPolicy says which certificates clients show who ask for some hosts.
type ClientPolicy struct {
	// Hosts are server names (RFC 6066, section 3), with "*." in front for all
	// names one label longer. None: all hosts that no other policy has, and who
	// asks for none.
	Hosts []string
	Mode  Mode
	// CA is a PEM file of the authorities that may issue certificates.
	CA string
	// CRLs are files of revocation lists, PEM or DER, each signed by one of CA.
	CRLs []string
}

// ClientError is a fault of a ClientPolicy.
type ClientError struct {
	Index int    // of the policy
	Field string // ca, crl, crl[N]
	Hint  string // what to do about it, or ""
	Err   error
}

func (e ClientError) Error() string { return e.Err.Error() }

// Clients are the policies by host. They never change, so any number of
// goroutines may use them at once. The zero value asks nobody.
type Clients struct {
	exact, wild map[string]*clientPolicy
	fallback    *clientPolicy
	warnings    []ClientError
	ends        []RevocationEnd
}

// LoadClients reads the files of policies. It reports every fault; with any,
// there are no Clients.
func LoadClients(policies []ClientPolicy) (*Clients, []ClientError) {
	c := &Clients{exact: map[string]*clientPolicy{}, wild: map[string]*clientPolicy{}}
	var faults []ClientError
	for i, p := range policies {
		read, errs := readPolicy(p)
		for _, e := range errs {
			e.Index = i
			faults = append(faults, e)
		}
		if read != nil {
			for _, w := range read.warnings {
				w.Index = i
				c.warnings = append(c.warnings, w)
			}
			for _, list := range read.revoked {
				c.ends = append(c.ends, list.RevocationEnd)
			}
		}
		if len(p.Hosts) == 0 {
			c.fallback = read
		}
		for _, host := range p.Hosts {
			host = canonical(host)
			if parent, ok := wildcard(host); ok {
				c.wild[parent] = read
			} else {
				c.exact[host] = read
			}
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return c, nil
}

// Warnings are what will shut clients out before long, or does already, or lets
// them in by mistake.
func (c *Clients) Warnings() []ClientError { return c.warnings }

// find returns the policy for a server name.
func (c *Clients) find(name string) *clientPolicy {
	name = canonical(name)
	if p := c.exact[name]; p != nil {
		return p
	}
	if first, parent, ok := strings.Cut(name, "."); ok && first != "" {
		if p := c.wild[parent]; p != nil {
			return p
		}
	}
	if c.fallback != nil {
		return c.fallback
	}
	return nobody
}

// Admits reports whether a connection may carry a request for a host: it has the
// host's policy, and shows what that wants, also when the connection is older
// than the policy. nil is a connection without TLS. Where it reports false over
// TLS, a new connection for that host is what the client needs (421; RFC 9110,
// section 15.5.20).
func (c *Clients) Admits(state *tls.ConnectionState, host string) bool {
	p := c.find(host)
	if state == nil {
		return p.mode != RequireCertificate
	}
	if state.ServerName != host && c.find(state.ServerName) != p {
		return false
	}
	return p.admits(state)
}

// Mode is what the policy of a host wants.
func (c *Clients) Mode(host string) Mode { return c.find(host).mode }

// configured returns the configuration for a handshake, by the policies that are
// in force when it begins; nil: that of the listener.
func configured(o Options, base *tls.Config) func(*tls.ClientHelloInfo) (*tls.Config, error) {
	return func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		p := o.Clients().find(hello.ServerName)
		if p.mode == NoCertificate || len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == ChallengeProtocol {
			return nil, nil
		}
		config := base.Clone()
		config.GetConfigForClient = nil
		config.ClientAuth = map[Mode]tls.ClientAuthType{
			AskCertificate: tls.RequestClientCert, OptionalCertificate: tls.VerifyClientCertIfGiven, RequireCertificate: tls.RequireAndVerifyClientCert,
		}[p.mode]
		config.ClientCAs = p.authorities
		config.VerifyConnection = func(state tls.ConnectionState) error {
			err := p.verify(state)
			if err != nil && o.Refused != nil {
				o.Refused(err)
			}
			return err
		}
		o.Tickets.apply(config, p.id)
		return config, nil
	}
}
