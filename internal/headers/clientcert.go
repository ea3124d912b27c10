package headers

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"net/http"
)

// ClientCertificate is what a backend is told of the certificate of a client.
type ClientCertificate struct {
	// Leaf is the one that the client has shown; nil: none.
	Leaf *x509.Certificate
	// Verified says that a trusted authority has issued it, and has not revoked it.
	Verified bool
}

// SetClientCertificate tells a backend of the client's certificate. Client-Cert
// is that of RFC 9440, section 2.2; X-SSL-Client-Verify is SUCCESS, UNVERIFIED
// (nobody has looked at who issued it), or NONE; and of a verified one
// there are X-SSL-Client-Subject, -Issuer, -Serial and -Fingerprint (SHA-256).
// All of these that were there before are replaced or removed, whoever sent them.
func SetClientCertificate(h http.Header, c ClientCertificate) {
	for _, name := range []string{"Client-Cert", "Client-Cert-Chain", "X-Ssl-Client-Subject", "X-Ssl-Client-Issuer", "X-Ssl-Client-Serial", "X-Ssl-Client-Fingerprint"} {
		delete(h, name)
	}
	verdict := "NONE"
	if c.Leaf != nil {
		verdict = "UNVERIFIED"
		h["Client-Cert"] = []string{":" + base64.StdEncoding.EncodeToString(c.Leaf.Raw) + ":"}
	}
	if c.Leaf != nil && c.Verified {
		verdict = "SUCCESS"
		h["X-Ssl-Client-Subject"] = []string{plainText(c.Leaf.Subject.String())}
		h["X-Ssl-Client-Issuer"] = []string{plainText(c.Leaf.Issuer.String())}
		h["X-Ssl-Client-Serial"] = []string{c.Leaf.SerialNumber.Text(16)}
		h["X-Ssl-Client-Fingerprint"] = []string{Fingerprint(c.Leaf)}
	}
	h["X-Ssl-Client-Verify"] = []string{verdict}
}

// Fingerprint is the SHA-256 of a certificate, in hexadecimal.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// plainText writes what cannot stand in a header (RFC 9110, section 5.5), or means
// something else to some who read it, as the escapes of RFC 4514, section 2.4.
func plainText(s string) string {
	clean := true
	for i := 0; i < len(s); i++ {
		clean = clean && s[i] >= 0x20 && s[i] < 0x7f
	}
	if clean {
		return s
	}
	const digits = "0123456789ABCDEF"
	var b []byte
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c >= 0x7f {
			b = append(b, '\\', digits[c>>4], digits[c&15])
			continue
		}
		b = append(b, s[i])
	}
	return string(b)
}
