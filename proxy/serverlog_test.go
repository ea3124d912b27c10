package proxy

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func TestOnlyWhatStopsAListenerIsLoudInTheLog(t *testing.T) {
	var out bytes.Buffer
	s := serverLog{zerolog.New(&out).Level(zerolog.InfoLevel), "front", func(string) {}}
	for _, line := range []string{
		"http: TLS handshake error from 192.0.2.1:1: EOF\n",
		"http: Accept error: accept tcp 127.0.0.1:1: accept4: too many open files; retrying in 5ms\n",
	} {
		if _, err := s.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "too many open files") {
		t.Errorf("logged %q", got)
	}
}
