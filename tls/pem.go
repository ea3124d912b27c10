package tls

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// parseChain returns the certificates of a PEM file, at least one, in order.
// Blocks of other types are passed over; certificates that are damaged are not, as
// pem.Decode would.
func parseChain(text []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	begun := bytes.Count(text, []byte("-----BEGIN CERTIFICATE-----"))
	for len(text) > 0 {
		var block *pem.Block
		block, text = pem.Decode(text)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("parsing certificate %d of the file: %w", len(chain)+1, err)
		}
		chain = append(chain, cert)
	}
	switch {
	case len(chain) < begun:
		return nil, fmt.Errorf("of %d certificates that begin in the file, %d are whole", begun, len(chain))
	case len(chain) == 0:
		return nil, errors.New("the file holds no certificate")
	}
	return chain, nil
}

// pemBlocks returns what the blocks of a type hold; other types are passed over.
// pem.Decode passes over blocks that are damaged, too, and what was lost with one
// may be what mattered: here that is an error, which goes on after the name of
// the file.
func pemBlocks(text []byte, kind string) ([][]byte, error) {
	var all [][]byte
	begun, whole, rest := bytes.Count(text, []byte("-----BEGIN ")), 0, text
	for {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		rest = after
		whole++
		if block.Type == kind {
			all = append(all, block.Bytes)
		}
	}
	switch {
	case whole != begun:
		return nil, fmt.Errorf("is damaged: of %d PEM blocks that begin, %d are whole", begun, whole)
	case whole > 0 && len(bytes.TrimSpace(rest)) > 0:
		return nil, errors.New("is damaged: something else follows its last PEM block")
	}
	return all, nil
}

func encodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
