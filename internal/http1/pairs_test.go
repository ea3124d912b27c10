package http1

import (
	"bufio"
	"crypto/tls"
	"net"
	"testing"

	"sterling/internal/proxytest"
)

// pairs are two ends of a connection over loopback, each way of making one.
var pairs = map[string]func(t testing.TB) (near, far net.Conn){"tcp": tcpPair, "tls": tlsPair}

func tcpPair(t testing.TB) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if near, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if far, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	return near, far
}

func tlsPair(t testing.TB) (near, far net.Conn) {
	t.Helper()
	near, far = tcpPair(t)
	return tlsOver(t, near, far)
}

// tlsOver shakes hands over two ends.
func tlsOver(t testing.TB, near, far net.Conn) (client, server *tls.Conn) {
	t.Helper()
	ca := proxytest.NewCA(t)
	server = tls.Server(far, &tls.Config{
		Certificates: []tls.Certificate{ca.Certificate("app.example")}, SessionTicketsDisabled: true,
	})
	client = tls.Client(near, &tls.Config{RootCAs: ca.Pool(), ServerName: "app.example"})
	shaken := make(chan error)
	go func() { shaken <- server.Handshake() }()
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	return client, server
}

func newScript(conn net.Conn) *server { return &server{Conn: conn, br: bufio.NewReader(conn)} }

// warm returns a connection that has served an exchange, and its other end.
func warm(t *testing.T, near, far net.Conn) (*ClientConn, *server) {
	t.Helper()
	c, s := NewClientConn(near), newScript(far)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.request()
		s.say(ok + "Content-Length: 2\r\n\r\nhi")
	}()
	if _, _, err := fetch(c, &Exchange{Request: get(t)}); err != nil {
		t.Fatal(err)
	}
	<-done
	if !c.Reusable() {
		t.Fatal("not reusable")
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, s
}

// tcp returns the socket below conn.
func tcp(conn net.Conn) *net.TCPConn {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	return conn.(*net.TCPConn)
}
