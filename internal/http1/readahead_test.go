package http1

import (
	"crypto/tls"
	"io"
	"strings"
	"testing"

	"sterling/internal/proxytest"
)

// One record holds the end of an answer and what nobody asked for. The body is
// read past the buffer, so that only the TLS layer knows of the rest.
func TestWhatTLSHasReadAheadIsNotTheNextAnswer(t *testing.T) {
	ca := proxytest.NewCA(t)
	near, far := tcpPair(t)
	server := newScript(tls.Server(far, &tls.Config{
		Certificates:                []tls.Certificate{ca.Certificate("app.example")},
		DynamicRecordSizingDisabled: true,
	}))
	c := NewClientConn(tls.Client(near, &tls.Config{RootCAs: ca.Pool(), ServerName: "app.example"}))
	defer func() { _ = c.Close() }()
	body := strings.Repeat("x", 10_000)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, after := range []string{"", ok + "Content-Length: 6\r\n\r\npoison"} {
			server.head()
			server.say(ok + "Content-Length: 10000\r\n\r\n" + body + after)
		}
	}()
	for _, reusable := range []bool{true, false} {
		res, err := c.RoundTrip(&Exchange{Request: get(t)})
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.CopyBuffer(io.Discard, res.Body, make([]byte, 32<<10))
		if err != nil || got != int64(len(body)) || c.Reusable() != reusable {
			t.Errorf("%d bytes, %v, reusable %v, want %v", got, err, c.Reusable(), reusable)
		}
	}
	<-done
}
