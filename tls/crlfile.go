package tls

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"

	"sterling/internal/regular"
)

// readLists reads a file of PEM blocks, or of a single DER list.
func readLists(file string) ([]*x509.RevocationList, error) {
	data, err := regular.Read(file)
	if err != nil {
		return nil, err
	}
	lists, err := parseLists(data)
	if err != nil {
		return nil, fmt.Errorf("%s %w", file, err)
	}
	return lists, nil
}

// parseLists has errors that go on after the name of the file.
func parseLists(data []byte) ([]*x509.RevocationList, error) {
	ders, rest, err := pemBlocks(data, "X509 CRL")
	switch {
	case err != nil:
		return nil, err
	case len(ders) == 0:
		ders = [][]byte{data}
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, fmt.Errorf("%w: something else follows its last PEM block", errDamaged)
	}
	var all []*x509.RevocationList
	for _, der := range ders {
		list, err := x509.ParseRevocationList(der)
		if err != nil {
			return nil, fmt.Errorf("is no revocation list: %w", err)
		}
		if err := whole(list); err != nil {
			return nil, err
		}
		all = append(all, list)
	}
	return all, nil
}

var (
	deltaIndicator    = asn1.ObjectIdentifier{2, 5, 29, 27}
	distributionPoint = asn1.ObjectIdentifier{2, 5, 29, 28}
)

// whole refuses a list that says less than which certificates of its authority
// are revoked: who does not know all that is critical in a list must not use it
// (RFC 5280, sections 5.2 and 5.3).
func whole(list *x509.RevocationList) error {
	for _, e := range list.Extensions {
		switch {
		case e.Id.Equal(deltaIndicator):
			return errors.New("is a delta list, with the changes since another one alone: name a full list in its place")
		case e.Id.Equal(distributionPoint) && e.Critical:
			return errors.New("is for a part of its authority's certificates alone (issuingDistributionPoint): name a list of all in its place")
		}
	}
	critical := firstCritical(list.Extensions)
	for i := 0; i < len(list.RevokedCertificateEntries) && critical == nil; i++ {
		critical = firstCritical(list.RevokedCertificateEntries[i].Extensions)
	}
	if critical != nil {
		return fmt.Errorf("has a critical extension that is not known here (%s): name a list without it", critical)
	}
	return nil
}

// firstCritical is what the first critical one is; nil: none is.
func firstCritical(extensions []pkix.Extension) asn1.ObjectIdentifier {
	for _, e := range extensions {
		if e.Critical {
			return e.Id
		}
	}
	return nil
}
