package proxytest

import (
	"io"
	"net"
	"testing"
)

func TestALameDuckLeavesNobodyWaiting(t *testing.T) {
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := newLameDuck(raw.(*net.TCPListener))
	const n = 20
	var clients []net.Conn
	for range n {
		c, err := net.Dial("tcp", raw.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, c)
	}
	go l.leave()
	served := 0
	for {
		c, err := l.Accept()
		if err != nil {
			break
		}
		served++
		_, _ = io.WriteString(c, "x")
		_ = c.Close()
	}
	for _, c := range clients {
		if b, err := io.ReadAll(c); err != nil || string(b) != "x" {
			t.Errorf("a client read %q, %v", b, err)
		}
		_ = c.Close()
	}
	if served != n {
		t.Errorf("%d of %d were served", served, n)
	}
}
