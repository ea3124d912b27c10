package tls

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"sterling/internal/regular"
)

// ClientOptions describe how backends are verified, and who we are to them.
type ClientOptions struct {
	// CA is a PEM file of the certificates to trust instead of the system's;
	// "": the system's.
	CA string

	// ServerName is the name that the backend's certificate must have, and
	// that is asked for; "": the host of the address that is dialled, to be
	// filled in by who dials.
	ServerName string

	// Cert and Key are PEM files of a client certificate; both "": none.
	Cert string
	Key  string
}

// ClientConfig reads the files and returns the configuration of a client that
// verifies the server, always, with TLS 1.2 or newer. An error holds all that
// is wrong, each with its file. The configuration must not be changed once it
// was used; with no ServerName, use a Clone that has one.
func ClientConfig(o ClientOptions) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: Suites(nil), ServerName: o.ServerName}
	var faults []error
	if o.CA != "" {
		roots, err := ReadAuthorities(o.CA)
		if err != nil {
			faults = append(faults, err)
		}
		config.RootCAs = roots
	}
	switch {
	case o.Cert != "" && o.Key != "":
		cert, err := readClientPair(Pair{o.Cert, o.Key})
		if err != nil {
			faults = append(faults, err)
		} else {
			config.Certificates = []tls.Certificate{*cert}
		}
	case o.Cert != "":
		faults = append(faults, fmt.Errorf("the client certificate %s has no key", o.Cert))
	case o.Key != "":
		faults = append(faults, fmt.Errorf("the client key %s has no certificate", o.Key))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return config, nil
}

// ReadAuthorities does not pass over a certificate that is damaged or cannot be
// parsed, as x509.CertPool does: the one left out may be the one needed.
func ReadAuthorities(file string) (*x509.CertPool, error) {
	certs, err := readCertificates(file)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	for _, cert := range certs {
		roots.AddCert(cert)
	}
	return roots, nil
}

func readCertificates(file string) ([]*x509.Certificate, error) {
	text, err := regular.Read(file)
	if err != nil {
		return nil, fmt.Errorf("reading CA file: %w", err)
	}
	certs, err := parseChain(text)
	if err != nil {
		return nil, fmt.Errorf("reading CA file: %s: %w", file, err)
	}
	return certs, nil
}

// readClientPair takes a certificate without host names: it names a client.
func readClientPair(p Pair) (*tls.Certificate, error) {
	fail := func(err error) error {
		return fmt.Errorf("reading client certificate %s with key %s: %w", p.Cert, p.Key, err)
	}
	text, err := regular.Read(p.Cert)
	if err != nil {
		return nil, fail(err)
	}
	if _, err := parseChain(text); err != nil {
		return nil, fail(err)
	}
	key, err := regular.Read(p.Key)
	if err != nil {
		return nil, fail(err)
	}
	cert, err := tls.X509KeyPair(text, key)
	if err != nil {
		return nil, fail(err)
	}
	return &cert, nil
}
