package proxy

import (
	"bytes"

	"github.com/rs/zerolog"
)

// serverLog takes the lines that net/http's server prints: handshakes that
// failed, connections that broke. On the internet these are weather, so they
// are logged for debugging only. That no connection can be accepted, as for
// want of descriptors, is another matter. Of a client's certificate that was
// refused nothing else tells.
type serverLog struct {
	log      zerolog.Logger
	listener string
	refused  func(reason string)
}

// refusedMark begins the text of a tls.CertificateVerificationError. A server
// verifies nothing but the certificates of clients.
var refusedMark = []byte("tls: failed to verify certificate: ")

func (s serverLog) Write(p []byte) (int, error) {
	level := zerolog.DebugLevel
	if bytes.HasPrefix(p, []byte("http: Accept error")) {
		level = zerolog.WarnLevel
	}
	if _, reason, ok := bytes.Cut(bytes.TrimSpace(p), refusedMark); ok {
		s.refused(string(reason))
	}
	s.log.WithLevel(level).Str("listener", s.listener).Bytes("message", bytes.TrimSpace(p)).Msg("server")
	return len(p), nil
}
