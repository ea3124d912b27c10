package tls

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"time"
)

// revocations are the lists of authorities (RFC 5280, section 5), by their names
// as DER.
type revocations map[string]*revocationList

type revocationList struct {
	issuer  string
	ends    time.Time // zero: it does not say
	serials map[string]bool
}

// readRevocations reads lists, each of which one of the authorities must have
// signed. Of two by the same one, the newer counts.
func readRevocations(files []string, authorities []*x509.Certificate) (revocations, []ClientError) {
	all := revocations{}
	newest := make(map[string]time.Time)
	var faults []ClientError
	for i, file := range files {
		lists, err := readLists(file)
		for _, list := range lists {
			signer := signerOf(list, authorities)
			if signer == nil {
				err = fmt.Errorf("%s: none of the authorities in ca has signed it (it names %s)", file, list.Issuer)
				break
			}
			name := string(signer.RawSubject)
			if list.ThisUpdate.Before(newest[name]) {
				continue
			}
			newest[name] = list.ThisUpdate
			read := &revocationList{issuer: signer.Subject.String(), ends: list.NextUpdate, serials: map[string]bool{}}
			for _, e := range list.RevokedCertificateEntries {
				read.serials[string(e.SerialNumber.Bytes())] = true
			}
			all[name] = read
		}
		if err != nil {
			faults = append(faults, ClientError{Field: fmt.Sprintf("crl[%d]", i), Err: err})
		}
	}
	return all, faults
}

// signerOf is the authority that has signed a list.
func signerOf(list *x509.RevocationList, authorities []*x509.Certificate) *x509.Certificate {
	for _, a := range authorities {
		if bytes.Equal(a.RawSubject, list.RawIssuer) && list.CheckSignatureFrom(a) == nil {
			return a
		}
	}
	return nil
}

// readLists reads a file of PEM blocks, or of a single DER list.
func readLists(file string) ([]*x509.RevocationList, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var ders [][]byte
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type == "X509 CRL" {
			ders = append(ders, block.Bytes)
		}
	}
	if len(ders) == 0 {
		ders = [][]byte{data}
	}
	var all []*x509.RevocationList
	for _, der := range ders {
		list, err := x509.ParseRevocationList(der)
		if err != nil {
			return nil, fmt.Errorf("%s is no revocation list: %w", file, err)
		}
		all = append(all, list)
	}
	return all, nil
}

// soon is how long before its end one is told of a list.
const soon = 24 * time.Hour

// warning says that a list has ended, or will soon; nil: neither.
func (l *revocationList) warning(now time.Time) error {
	end := l.ends.UTC().Format(time.RFC3339)
	switch {
	case l.ends.IsZero() || l.ends.Sub(now) > soon:
		return nil
	case now.After(l.ends):
		return fmt.Errorf("the revocation list of %s has ended on %s: nobody of that authority gets in", l.issuer, end)
	}
	return fmt.Errorf("the revocation list of %s ends on %s", l.issuer, end)
}

// check looks each certificate of a chain up in the list of the one above it. An
// authority without a list is taken at its word. A list that has ended says
// nothing any more, and what it does not say may be that a key was stolen: it
// admits nobody.
func (r revocations) check(chain []*x509.Certificate) error {
	if len(r) == 0 {
		return nil
	}
	for i := range len(chain) - 1 {
		list := r[string(chain[i+1].RawSubject)]
		switch {
		case list == nil:
		case list.serials[string(chain[i].SerialNumber.Bytes())]:
			return errRevoked
		case !list.ends.IsZero() && time.Now().After(list.ends):
			return fmt.Errorf("the revocation list of %s has ended on %s: put a new one in its place", list.issuer, list.ends.UTC().Format(time.RFC3339))
		}
	}
	return nil
}
