package tls

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"sterling/internal/regular"
)

// Pair names the PEM files of a certificate and its key. They may be the same
// file. The certificate file holds the certificate itself first, then each
// issuer after the one it issued; the root may be left out.
type Pair struct {
	Cert string
	Key  string
}

// PairError is one fault of one pair. It never holds a key.
type PairError struct {
	Index int    // of the pair
	Field string // "cert" or "key": the file at fault
	File  string
	Hint  string // what to do about it, or ""
	Err   error
}

// Error returns "file: fault; hint".
func (e PairError) Error() string {
	text := e.File + ": " + e.Err.Error()
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// Unwrap returns the fault without the file and the hint.
func (e PairError) Unwrap() error { return e.Err }

// pairReader reads one pair and collects its faults.
type pairReader struct {
	index  int
	pair   Pair
	faults []PairError
}

func (r *pairReader) fault(field string, err error, hint string) {
	file := r.pair.Cert
	if field == "key" {
		file = r.pair.Key
	}
	// The file is named by PairError already.
	var path *os.PathError
	if errors.As(err, &path) {
		err = fmt.Errorf("%s: %w", path.Op, path.Err)
	}
	r.faults = append(r.faults, PairError{Index: r.index, Field: field, File: file, Hint: hint, Err: err})
}

// read returns the certificate of the pair, or nil when there were faults.
func (r *pairReader) read() *tls.Certificate {
	certPEM, err := regular.Read(r.pair.Cert)
	if err != nil {
		r.fault("cert", err, "")
	}
	keyPEM, err := regular.Read(r.pair.Key)
	if err != nil {
		r.fault("key", err, "")
	}
	if len(r.faults) > 0 {
		return nil
	}
	if bytes.Contains(keyPEM, []byte("ENCRYPTED")) {
		r.fault("key", errors.New("the key is encrypted"), "write it without a passphrase, readable by the process alone")
		return nil
	}
	chain, err := parseChain(certPEM)
	if err != nil {
		r.fault("cert", err, chainHint(certPEM, err))
		return nil
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		field, hint := blame(chain, certPEM, keyPEM)
		r.fault(field, errors.New(strings.TrimPrefix(err.Error(), "tls: ")), hint)
		return nil
	}
	r.checkNames(chain[0])
	r.checkOrder(chain)
	if len(r.faults) > 0 {
		return nil
	}
	pair.Leaf = chain[0]
	return &pair
}

// blame says which file of a pair that crypto/tls refuses is wrong, and what
// to do.
func blame(chain []*x509.Certificate, certPEM, keyPEM []byte) (field, hint string) {
	if !bytes.Contains(keyPEM, []byte("PRIVATE KEY-----")) {
		return "key", "the file holds no private key"
	}
	for _, issuer := range chain[1:] {
		if _, err := tls.X509KeyPair(encodeCertificate(issuer.Raw), keyPEM); err == nil {
			return "cert", "put the certificate of this key first, then each issuer after the one it issued"
		}
	}
	if _, err := tls.X509KeyPair(encodeCertificate(chain[0].Raw), certPEM); err == nil {
		return "key", "the certificate file itself holds the matching key"
	}
	return "key", "the key must be the one that the certificate was made for"
}

// chainHint knows a key in the place of a certificate.
func chainHint(certPEM []byte, err error) string {
	if hint := hintOf(err); hint != "" {
		return hint
	}
	if bytes.Contains(certPEM, []byte("PRIVATE KEY-----")) {
		return "it holds a private key; cert and key may have changed places"
	}
	return "the file must hold the certificate in PEM form"
}

// checkNames: clients have long ignored the common name (RFC 9525, section 2).
func (r *pairReader) checkNames(leaf *x509.Certificate) {
	if len(leaf.DNSNames) > 0 || len(leaf.IPAddresses) > 0 {
		return
	}
	hint := "clients ignore the common name; have it issued with a subject alternative name"
	if cn := leaf.Subject.CommonName; cn != "" {
		hint += fmt.Sprintf(" DNS:%q", cn)
	}
	r.fault("cert", errors.New("the certificate names no host"), hint)
}

// checkOrder: each certificate must certify the one before it (RFC 5246,
// section 7.4.2). Some clients put up with less, and some do not.
func (r *pairReader) checkOrder(chain []*x509.Certificate) {
	for i, issuer := range chain[1:] {
		if err := chain[i].CheckSignatureFrom(issuer); err != nil {
			r.fault("cert", fmt.Errorf("certificate %d of the file, %q, did not issue the one before it, %q",
				i+2, issuer.Subject, chain[i].Subject), "put each issuer after the certificate that it issued, and nothing else")
			return
		}
	}
}
