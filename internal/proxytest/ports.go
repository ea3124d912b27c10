package proxytest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// Ports for servers that come and go lie below the range from which the
// kernel takes the ports of outgoing connections; one from that range could be
// taken in the moment in which its server is down.
const (
	firstPort = 20000
	portCount = 12000
)

// FreeAddr returns a loopback address on which nobody listens at this moment,
// and which no outgoing connection will be given.
func FreeAddr(t testing.TB) string {
	t.Helper()
	for range 1000 {
		addr := fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(portCount)) //nolint:gosec // any free port will do
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		_ = l.Close() // a probe that never accepted anything
		return addr
	}
	t.Fatal("no free port was found")
	return ""
}

// Listen listens at a [FreeAddr]: once it is closed, the caller can listen there
// again.
func Listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", FreeAddr(t))
	for range 10 {
		if err == nil {
			return l
		}
		l, err = net.Listen("tcp", FreeAddr(t)) // another test was quicker
	}
	if err != nil {
		t.Fatalf("listening at a free address: %v", err)
	}
	return l
}
