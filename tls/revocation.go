package tls

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"math/big"
	"time"
)

// revocations are the lists of authorities (RFC 5280, section 5).
type revocations map[signer]*revocationList

// signer is an authority as far as its list is concerned. One that has renewed
// its key keeps its name, and its serial numbers may begin anew: each key has a
// list of its own. One whose certificate alone was renewed is the same.
type signer struct{ name, key string }

func signerOf(authority *x509.Certificate) signer {
	return signer{string(authority.RawSubject), string(authority.RawSubjectPublicKeyInfo)}
}

type revocationList struct {
	RevocationEnd
	serials map[string]bool
}

// readRevocations reads lists, each of which one of the authorities must have
// signed. Of two by the same one, the newer counts.
func readRevocations(files []string, authorities []*x509.Certificate) (revocations, []ClientError) {
	all := revocations{}
	var faults []ClientError
	for i, file := range files {
		lists, err := readLists(file)
		for _, list := range lists {
			a := authorityOf(list, authorities)
			if a == nil {
				err = fmt.Errorf("%s: none of the authorities in ca has signed it (it names %s)", file, list.Issuer)
				break
			}
			if known := all[signerOf(a)]; known == nil || !list.ThisUpdate.Before(known.Begins) {
				all[signerOf(a)] = newRevocationList(list, a)
			}
		}
		if err != nil {
			faults = append(faults, ClientError{Field: fmt.Sprintf("crl[%d]", i), Hint: hintOf(err), Err: err})
		}
	}
	return all, faults
}

// authorityOf is the authority that has signed a list.
func authorityOf(list *x509.RevocationList, authorities []*x509.Certificate) *x509.Certificate {
	for _, a := range authorities {
		if bytes.Equal(a.RawSubject, list.RawIssuer) && list.CheckSignatureFrom(a) == nil {
			return a
		}
	}
	return nil
}

func newRevocationList(list *x509.RevocationList, authority *x509.Certificate) *revocationList {
	out := &revocationList{
		RevocationEnd: RevocationEnd{Authority: authority.Subject.String(), Begins: list.ThisUpdate, Ends: list.NextUpdate},
		serials:       make(map[string]bool, len(list.RevokedCertificateEntries)),
	}
	var buf [serialSize]byte
	for _, e := range list.RevokedCertificateEntries {
		out.serials[string(serialKey(buf[:], e.SerialNumber))] = true
	}
	return out
}

// serialSize is how long a serial number may be (RFC 5280, section 4.1.2.2).
const serialSize = 20

// serialKey writes a number into buf, which is of serialSize, where it fits.
func serialKey(buf []byte, n *big.Int) []byte {
	if n.BitLen() > 8*len(buf) {
		return n.Bytes()
	}
	return n.FillBytes(buf)
}

// warnings are what is to be told of lists, and of the want of one.
func (r revocations) warnings(now time.Time, authorities []*x509.Certificate) []ClientError {
	var all []ClientError
	for _, list := range r {
		const hint = "put a new one in its place"
		if list.Over(now) {
			all = append(all, ClientError{Field: "crl", Hint: hint, Err: listEnded{list}})
		} else if list.Soon(now) {
			all = append(all, ClientError{Field: "crl", Hint: hint, Err: fmt.Errorf("the revocation list of %s ends on %s", list.Authority, list.end())})
		}
	}
	if err := r.unlisted(authorities); err != nil {
		all = append(all, ClientError{Field: "crl", Hint: "name its list, too", Err: err})
	}
	return all
}

// unlisted says that an authority has no list while another of its name has one,
// as when the list is signed by the renewed key alone; nil: there is none such.
func (r revocations) unlisted(authorities []*x509.Certificate) error {
	named := make(map[string]bool, len(r))
	for s := range r {
		named[s.name] = true
	}
	for _, a := range authorities {
		if s := signerOf(a); named[s.name] && r[s] == nil {
			return fmt.Errorf("%s is in ca with two keys, and has signed a list with one alone: what the other has issued counts as not revoked", a.Subject)
		}
	}
	return nil
}

// check looks each certificate of a chain up in the list of the one above it, also
// where the chain ends, at an authority that another one, in issuers, has issued. An
// authority without a list is taken at its word. A list that has ended says
// nothing any more, and what it does not say may be that a key was stolen: it
// admits nobody.
func (r revocations) check(chain []*x509.Certificate, issuers map[string]*x509.Certificate) error {
	if len(r) == 0 {
		return nil
	}
	for i := range len(chain) - 1 {
		if err := r.checkOne(chain[i], chain[i+1]); err != nil {
			return err
		}
	}
	last := chain[len(chain)-1]
	for range len(issuers) { // authorities may have issued each other
		above := issuers[string(last.Raw)]
		if above == nil {
			break
		}
		if err := r.checkOne(last, above); err != nil {
			return err
		}
		last = above
	}
	return nil
}

func (r revocations) checkOne(cert, above *x509.Certificate) error {
	list := r[signer{string(above.RawSubject), string(above.RawSubjectPublicKeyInfo)}] // as signerOf, without copies
	if list == nil {
		return nil
	}
	var buf [serialSize]byte
	switch {
	case list.serials[string(serialKey(buf[:], cert.SerialNumber))]:
		return errRevoked
	case list.Over(time.Now()):
		return listEnded{list}
	}
	return nil
}

// issuersAmong finds, by the DER of each authority that another of them has
// issued, that other one. One that has issued itself has none.
func issuersAmong(authorities []*x509.Certificate) map[string]*x509.Certificate {
	all := make(map[string]*x509.Certificate)
	for _, cert := range authorities {
		if bytes.Equal(cert.RawSubject, cert.RawIssuer) {
			continue
		}
		for _, a := range authorities {
			if bytes.Equal(a.RawSubject, cert.RawIssuer) && cert.CheckSignatureFrom(a) == nil {
				all[string(cert.Raw)] = a
				break
			}
		}
	}
	return all
}
