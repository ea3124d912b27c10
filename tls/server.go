package tls

import "crypto/tls"

// Options of a server.
type Options struct {
	// MinVersion is the oldest version of TLS accepted, as crypto/tls numbers
	// it. 0, and anything older than TLS 1.2, is TLS 1.2: the older ones are
	// not to be used any more (RFC 8996).
	MinVersion uint16
	// Suites are those of TLS 1.2 that are offered, and Curves the key exchanges,
	// by the names of the functions of that name; none: a good choice.
	Suites, Curves []string
	// ECH returns the keys of encrypted client hellos that are in force; none: there
	// are no such hellos. Each handshake asks it, so it must not wait. nil: there
	// are never any.
	ECH func() []tls.EncryptedClientHelloKey
	// Tickets are the keys of session tickets; nil: crypto/tls makes its own.
	Tickets *Tickets
	// Clients returns the policies that are in force, which say what certificates
	// clients must show. Each handshake asks it, so it must not wait. nil: there
	// are none.
	Clients func() *Clients
	// Refused is told why a client's certificate was refused that crypto/tls had
	// found good: it was revoked, or its list has ended. What crypto/tls refuses by
	// itself is a tls.CertificateVerificationError of the handshake. nil: nobody
	// wants to know.
	Refused func(error)
	// Keeper orders certificates; nil: there are only those of files.
	Keeper Keeper
}

// ServerConfig returns the configuration of a listener that serves the
// certificates of s, now and after each Replace: HTTP/2 and HTTP/1.1 by ALPN,
// session tickets, no renegotiation, which crypto/tls has on no server.
//
// The configuration must not be changed once a handshake has used it: crypto/tls
// reads it without a lock. For another one, call Clone before the first use.
func (s *Store) ServerConfig(o Options) *tls.Config {
	c := &tls.Config{
		MinVersion:       max(o.MinVersion, tls.VersionTLS12),
		CipherSuites:     Suites(o.Suites),
		CurvePreferences: Curves(o.Curves),
		NextProtos:       []string{"h2", "http/1.1"},
		GetCertificate:   s.certificate,
	}
	if o.ECH != nil {
		c.GetEncryptedClientHelloKeys = func(*tls.ClientHelloInfo) ([]tls.EncryptedClientHelloKey, error) { return o.ECH(), nil }
	}
	if o.Keeper != nil {
		c.GetCertificate = s.keptCertificate(o.Keeper)
		c.NextProtos = append(c.NextProtos, ChallengeProtocol)
	}
	if o.Tickets == nil {
		o.Tickets = new(Tickets)
	}
	o.Tickets.apply(c, "")
	if o.Clients != nil {
		c.GetConfigForClient = configured(o, c)
	}
	return c
}
