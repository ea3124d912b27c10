package integration

import (
	"io"
	"net"
	"strings"
	"testing"

	"sterling/internal/proxytest"
)

// A backend that is to speak TLS, or somebody on the way to it, sends an answer in
// plain text before the handshake (CVE-2026-1642): no byte of it is believed.
func TestPlaintextBeforeTheHandshakeIsNotPassedOn(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() { // ends with l
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")) // it may have gone
			go func() {
				_, _ = io.Copy(io.Discard, c) // until the door has had enough
				_ = c.Close()
			}()
		}
	}()
	for _, protocol := range []string{"h1", "h2"} {
		p := proxytest.Start(t, proxytest.Options{Config: "[[route]]\npool = \"app\"\n" +
			proxytest.OnlyPool("app", "protocol = \""+protocol+"\"", "https://"+l.Addr().String())})
		// Or a check that fails meanwhile would move the request.
		proxytest.Eventually(t, "a check to fail", func() bool { return p.Status().Pools[0].Backends[0].State == "down" })
		c := proxytest.DialRaw(t, p.Addr("plain"))
		c.Send(get + "\r\n")
		a, err := c.Answer("GET")
		if err != nil || a.Status != 503 || strings.Contains(a.String(), "forged") {
			t.Errorf("%s: answer %v, %v", protocol, a, err)
		}
		if l := p.WaitLines(1, nil)[0]; l.End != "tls_failed" {
			t.Errorf("%s: line %+v", protocol, l)
		}
	}
}
