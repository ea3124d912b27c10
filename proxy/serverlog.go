package proxy

import (
	"bytes"

	"github.com/rs/zerolog"
)

// serverLog takes the lines that net/http's server prints: handshakes that
// failed, connections that broke. On the internet these are weather, so they
// are logged for debugging only. That no connection can be accepted, as for
// want of descriptors, is another matter.
type serverLog struct {
	log      zerolog.Logger
	listener string
}

func (s serverLog) Write(p []byte) (int, error) {
	level := zerolog.DebugLevel
	if bytes.HasPrefix(p, []byte("http: Accept error")) {
		level = zerolog.WarnLevel
	}
	s.log.WithLevel(level).Str("listener", s.listener).Bytes("message", bytes.TrimSpace(p)).Msg("server")
	return len(p), nil
}
