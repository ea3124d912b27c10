package tls

import "crypto/tls"

// suiteNames are the suites of TLS 1.2 with forward secrecy and authenticated
// encryption; all others are on the list that HTTP/2 forbids (RFC 9113, appendix
// A). The suites of TLS 1.3 are not a matter of configuration.
var suiteNames = map[string]uint16{
	"ECDHE-ECDSA-AES128-GCM-SHA256": tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	"ECDHE-RSA-AES128-GCM-SHA256":   tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	"ECDHE-ECDSA-AES256-GCM-SHA384": tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-RSA-AES256-GCM-SHA384":   tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-ECDSA-CHACHA20-POLY1305": tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	"ECDHE-RSA-CHACHA20-POLY1305":   tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// curveNames are the key exchanges that crypto/tls has.
var curveNames = map[string]tls.CurveID{
	"X25519MLKEM768": tls.X25519MLKEM768, "SecP256r1MLKEM768": tls.SecP256r1MLKEM768, "SecP384r1MLKEM1024": tls.SecP384r1MLKEM1024,
	"X25519": tls.X25519, "P-256": tls.CurveP256, "P-384": tls.CurveP384, "P-521": tls.CurveP521,
}

// Suites are the suites of TLS 1.2 by OpenSSL's names; none: all of them. An
// unknown name is passed over. Their order says nothing: crypto/tls prefers
// those that both sides have in hardware.
func Suites(names []string) []uint16 {
	var out []uint16
	for _, name := range names {
		if id, ok := suiteNames[name]; ok {
			out = append(out, id)
		}
	}
	if len(names) > 0 {
		return out
	}
	for _, id := range suiteNames {
		out = append(out, id)
	}
	return out
}

// Curves are key exchanges by name; none: those of crypto/tls, the one that
// withstands quantum computers (X25519MLKEM768) among them. Their order says
// nothing. An unknown name is passed over.
func Curves(names []string) []tls.CurveID {
	var out []tls.CurveID
	for _, name := range names {
		if id, ok := curveNames[name]; ok {
			out = append(out, id)
		}
	}
	return out
}
