package tls

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"strings"
	"sync/atomic"
	"time"
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
	Field string // ca, crl[N]
	Err   error
}

func (e ClientError) Error() string { return e.Err.Error() }

// Clients are the policies by host. A Clients may be used by any number of
// goroutines at once; finding a policy takes no lock. The zero value asks nobody.
type Clients struct {
	table atomic.Pointer[clientTable]
}

type clientTable struct {
	exact, wild map[string]*clientPolicy
	fallback    *clientPolicy
	warnings    []ClientError
}

// clientPolicy is a ClientPolicy that was read. It never changes.
type clientPolicy struct {
	id          string // changes with whatever makes a session one of this policy
	mode        Mode
	authorities *x509.CertPool
	revoked     revocations
	warnings    []error
}

// nobody is the policy of hosts that have none.
var nobody = &clientPolicy{}

// LoadClients reads the files of policies. It reports every fault; with any,
// there are no Clients.
func LoadClients(policies []ClientPolicy) (*Clients, []ClientError) {
	t := &clientTable{exact: map[string]*clientPolicy{}, wild: map[string]*clientPolicy{}}
	var faults []ClientError
	for i, p := range policies {
		read, errs := readPolicy(p)
		for _, e := range errs {
			e.Index = i
			faults = append(faults, e)
		}
		if read != nil {
			for _, w := range read.warnings {
				t.warnings = append(t.warnings, ClientError{Index: i, Field: "crl", Err: w})
			}
		}
		if len(p.Hosts) == 0 {
			t.fallback = read
		}
		for _, host := range p.Hosts {
			host = canonical(host)
			if parent, ok := wildcard(host); ok {
				t.wild[parent] = read
			} else {
				t.exact[host] = read
			}
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	c := new(Clients)
	if len(policies) > 0 {
		c.table.Store(t)
	}
	return c, nil
}

func readPolicy(p ClientPolicy) (*clientPolicy, []ClientError) {
	out := &clientPolicy{mode: p.Mode}
	sum := sha256.New()
	sum.Write([]byte{byte(p.Mode)})
	if p.CA != "" {
		list, err := readCertificates(p.CA)
		if err != nil {
			return nil, []ClientError{{Field: "ca", Err: err}}
		}
		out.authorities = x509.NewCertPool()
		for _, cert := range list {
			out.authorities.AddCert(cert)
			sum.Write(cert.Raw)
		}
		var faults []ClientError
		if out.revoked, faults = readRevocations(p.CRLs, list); len(faults) > 0 {
			return nil, faults
		}
		out.warnings = out.revoked.warnings(time.Now(), list)
	}
	out.id = hex.EncodeToString(sum.Sum(nil))
	return out, nil
}

// Warnings are what will shut clients out before long, or does already, or lets
// them in by mistake.
func (c *Clients) Warnings() []ClientError {
	if t := c.table.Load(); t != nil {
		return t.warnings
	}
	return nil
}

// Replace puts the policies of other in force, from the next handshake on.
// Connections that are open go on as they are.
func (c *Clients) Replace(other *Clients) { c.table.Store(other.table.Load()) }

// find returns the policy for a server name.
func (c *Clients) find(name string) *clientPolicy {
	t := c.table.Load()
	if t == nil {
		return nobody
	}
	name = canonical(name)
	if p := t.exact[name]; p != nil {
		return p
	}
	if first, parent, ok := strings.Cut(name, "."); ok && first != "" {
		if p := t.wild[parent]; p != nil {
			return p
		}
	}
	if t.fallback != nil {
		return t.fallback
	}
	return nobody
}

// Admits reports whether a connection may carry a request for a host: it has the
// host's policy, and shows what that requires. nil is a connection without TLS.
// Where it reports false over TLS, a new connection for that host is what the
// client needs (421; RFC 9110, section 15.5.20).
func (c *Clients) Admits(state *tls.ConnectionState, host string) bool {
	p := c.find(host)
	if state == nil {
		return p.mode != RequireCertificate
	}
	if state.ServerName != host && c.find(state.ServerName) != p {
		return false
	}
	return p.mode != RequireCertificate || len(state.VerifiedChains) > 0
}

// Mode is what the policy of a host wants.
func (c *Clients) Mode(host string) Mode { return c.find(host).mode }

// configured returns the configuration for a handshake; nil: that of the
// listener.
func (c *Clients) configured(base *tls.Config, tickets *Tickets) func(*tls.ClientHelloInfo) (*tls.Config, error) {
	return func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		p := c.find(hello.ServerName)
		if p.mode == NoCertificate || len(hello.SupportedProtos) == 1 && hello.SupportedProtos[0] == ChallengeProtocol {
			return nil, nil
		}
		config := base.Clone()
		config.GetConfigForClient = nil
		config.ClientAuth = map[Mode]tls.ClientAuthType{
			AskCertificate: tls.RequestClientCert, OptionalCertificate: tls.VerifyClientCertIfGiven, RequireCertificate: tls.RequireAndVerifyClientCert,
		}[p.mode]
		config.ClientCAs = p.authorities
		config.VerifyConnection = p.verify
		tickets.apply(config, p.id)
		return config, nil
	}
}

var errRevoked = errors.New("the client's certificate was revoked")

// verify runs in every handshake, also in one that resumes a session, whose
// certificate may have been revoked since.
func (p *clientPolicy) verify(state tls.ConnectionState) error {
	if p.mode == AskCertificate || len(state.PeerCertificates) == 0 && p.mode == OptionalCertificate {
		return nil
	}
	if len(state.VerifiedChains) == 0 {
		return errors.New("the client has shown no certificate")
	}
	var err error
	for _, chain := range state.VerifiedChains {
		if err = p.revoked.check(chain); err == nil {
			return nil
		}
	}
	return err
}
