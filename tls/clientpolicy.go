package tls

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"time"
)

// clientPolicy is a ClientPolicy that was read. It never changes.
type clientPolicy struct {
	id          string // changes with whatever makes a session one of this policy
	mode        Mode
	authorities *x509.CertPool
	trusted     map[string]bool              // the same, as DER
	issuers     map[string]*x509.Certificate // by the DER of one of them, the one of them that has issued it
	revoked     revocations
	warnings    []ClientError
}

// nobody is the policy of hosts that have none.
var nobody = &clientPolicy{}

func readPolicy(p ClientPolicy) (*clientPolicy, []ClientError) {
	out := &clientPolicy{mode: p.Mode}
	sum := sha256.New()
	sum.Write([]byte{byte(p.Mode)})
	if p.CA != "" {
		list, err := readCertificates(p.CA)
		if err != nil {
			return nil, []ClientError{{Field: "ca", Hint: hintOf(err), Err: err}}
		}
		out.authorities, out.trusted = x509.NewCertPool(), make(map[string]bool)
		for _, cert := range list {
			out.authorities.AddCert(cert)
			out.trusted[string(cert.Raw)] = true
			sum.Write(cert.Raw)
		}
		var faults []ClientError
		if out.revoked, faults = readRevocations(p.CRLs, list); len(faults) > 0 {
			return nil, faults
		}
		out.issuers = issuersAmong(list)
		out.warnings = out.revoked.warnings(time.Now(), list)
	}
	out.id = hex.EncodeToString(sum.Sum(nil))
	return out, nil
}

var (
	errMissing    = errors.New("the client has shown no certificate")
	errDistrusted = errors.New("the client's certificate is of an authority that is not in ca")
	errRevoked    = errors.New("the client's certificate was revoked")
)

// verify runs in every handshake, also in one that resumes a session, whose
// certificate may have been revoked since.
func (p *clientPolicy) verify(state tls.ConnectionState) error {
	if p.mode == AskCertificate || len(state.PeerCertificates) == 0 && p.mode == OptionalCertificate {
		return nil
	}
	return p.good(state.VerifiedChains)
}

// admits reports whether a connection shows what the policy wants. It may have
// been made under another one.
func (p *clientPolicy) admits(state *tls.ConnectionState) bool {
	switch {
	case p.mode == NoCertificate, p.mode == OptionalCertificate && len(state.VerifiedChains) == 0:
		return len(state.PeerCertificates) == 0
	case p.mode == AskCertificate:
		return len(state.VerifiedChains) == 0
	}
	return p.good(state.VerifiedChains) == nil
}

// good wants a chain that leads to an authority of the policy and of which
// nothing was revoked. It runs for each request.
func (p *clientPolicy) good(chains [][]*x509.Certificate) error {
	err := errMissing
	for _, chain := range chains {
		if !p.trusted[string(chain[len(chain)-1].Raw)] {
			err = errDistrusted
			continue
		}
		if err = p.revoked.check(chain, p.issuers); err == nil {
			return nil
		}
	}
	return err
}
