package tls

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// parseChain returns the certificates of a PEM file, at least one, in order.
// Blocks of other types are passed over, and so are words between blocks and
// behind them.
func parseChain(text []byte) ([]*x509.Certificate, error) {
	ders, _, err := pemBlocks(text, "CERTIFICATE")
	if err != nil {
		return nil, fmt.Errorf("the file %w", err)
	}
	if len(ders) == 0 {
		return nil, errors.New("the file holds no certificate")
	}
	chain := make([]*x509.Certificate, len(ders))
	for i, der := range ders {
		if chain[i], err = x509.ParseCertificate(der); err != nil {
			return nil, fmt.Errorf("parsing certificate %d of the file: %w", i+1, err)
		}
	}
	return chain, nil
}

const (
	pemBegin = "-----BEGIN "
	pemEnd   = "-----END "
)

// errDamaged is why a PEM file is not read in part. It goes on after the name of
// the file.
var errDamaged = errors.New("is damaged")

// hintOf says what to do about a fault of a file; "" where that depends.
func hintOf(err error) string {
	if errors.Is(err, errDamaged) {
		return "put a whole copy in its place"
	}
	return ""
}

// pemBlocks returns what the blocks of a type hold, and what follows the last
// block of all; other types are passed over. pem.Decode passes over blocks that
// are damaged, too, and what was lost with one may be what mattered: here that is
// an error. What is no block may stand between them (RFC 7468, section 2).
func pemBlocks(text []byte, kind string) (all [][]byte, rest []byte, err error) {
	begun, first := -1, 0 // where a block begins that has not ended, and in which line
	count, number, at := 0, 0, 0
	damaged := func() error {
		return fmt.Errorf("%w: PEM block %d, which begins in line %d, is not whole", errDamaged, count, first)
	}
	for line := range bytes.Lines(text) {
		start := at
		number, at = number+1, at+len(line)
		switch mark := bytes.TrimLeft(line, " \t\ufeff"); {
		case bytes.HasPrefix(mark, []byte(pemBegin)):
			if begun >= 0 {
				return nil, nil, damaged()
			}
			begun, first, count = start, number, count+1
		case bytes.HasPrefix(mark, []byte(pemEnd)):
			if begun < 0 {
				return nil, nil, fmt.Errorf("%w: the PEM block that ends in line %d has lost its beginning", errDamaged, number)
			}
			block, _ := pem.Decode(text[begun:at])
			if block == nil {
				return nil, nil, damaged()
			}
			if block.Type == kind {
				all = append(all, block.Bytes)
			}
			begun, rest = -1, text[at:]
		case at == len(text) && len(mark) > len("-----") && bytes.HasPrefix([]byte(pemBegin), bytes.TrimSpace(mark)):
			return nil, nil, fmt.Errorf("%w: it ends in line %d, where a PEM block begins", errDamaged, number)
		}
	}
	if begun >= 0 {
		return nil, nil, damaged()
	}
	return all, rest, nil
}

func encodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
