package tls

import "crypto/tls"

// Options of a server.
type Options struct {
	// MinVersion is the oldest version of TLS accepted, as crypto/tls numbers
	// it. 0, and anything older than TLS 1.2, is TLS 1.2: the older ones are
	// not to be used any more (RFC 8996).
	MinVersion uint16
}

// ServerConfig returns the configuration of a listener that serves the
// certificates of s, now and after each Replace: HTTP/2 and HTTP/1.1 by ALPN,
// session tickets whose keys crypto/tls makes and changes by itself, no
// renegotiation, which crypto/tls has on no server.
//
// The configuration must not be changed once a handshake has used it: crypto/tls
// reads it without a lock, and its ticket keys live in it. For another one, call
// Clone before the first use.
func (s *Store) ServerConfig(o Options) *tls.Config {
	return &tls.Config{
		MinVersion:     max(o.MinVersion, tls.VersionTLS12),
		CipherSuites:   modernSuites(),
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: s.certificate,
	}
}

// modernSuites are those of TLS 1.2 with forward secrecy and authenticated
// encryption; all others are on the list that HTTP/2 forbids (RFC 9113,
// appendix A). The suites of TLS 1.3 are not a matter of configuration.
func modernSuites() []uint16 {
	return []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	}
}
