package proxytest

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// Raw is a client that sends bytes as they are.
type Raw struct {
	net.Conn
	r *bufio.Reader
}

// Answered is one answer of a server, read by a raw client.
type Answered struct {
	Status  int
	Header  http.Header
	Trailer http.Header
	Body    string
	Close   bool  // the server says that it closes the connection
	Err     error // why the body ended early; nil for a complete one
}

// DialRaw opens a TCP connection that is closed at the test's end at the
// latest. All reads and writes end after twenty seconds.
func DialRaw(t testing.TB, addr string) *Raw {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatalf("dialling the door: %v", err)
	}
	return newRaw(t, c)
}

// DialRawTLS is [DialRaw] inside TLS, with HTTP/1.1 by ALPN.
func DialRawTLS(t testing.TB, addr string, ca *CA, serverName string) *Raw {
	t.Helper()
	c, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: ca.Pool(), ServerName: serverName, NextProtos: []string{"http/1.1"}})
	if err != nil {
		t.Fatalf("dialling the door over TLS: %v", err)
	}
	return newRaw(t, c)
}

func newRaw(t testing.TB, c net.Conn) *Raw {
	t.Helper()
	t.Cleanup(func() { _ = c.Close() }) // the test may have closed it
	_ = c.SetDeadline(time.Now().Add(patience))
	return &Raw{Conn: c, r: bufio.NewReader(c)}
}

// Send writes s. A door that has closed already is no failure here: what it
// answered before says more.
func (r *Raw) Send(s string) { _, _ = io.WriteString(r.Conn, s) }

// Answer reads one answer to a request of that method, its body included.
// Answers of 1xx but 101 are passed over. io.EOF says that the server closed
// the connection instead of answering.
func (r *Raw) Answer(method string) (Answered, error) {
	for {
		a, err := r.Next(method)
		if err != nil || a.Status >= 200 || a.Status == 101 {
			return a, err
		}
	}
}

// Next is Answer that returns answers of 1xx, too.
func (r *Raw) Next(method string) (Answered, error) {
	res, err := http.ReadResponse(r.r, &http.Request{Method: method})
	if err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) && r.r.Buffered() == 0 {
			err = io.EOF
		}
		return Answered{}, err
	}
	a := Answered{Status: res.StatusCode, Header: res.Header, Close: res.Close}
	if res.StatusCode == http.StatusSwitchingProtocols {
		return a, nil
	}
	body, err := io.ReadAll(res.Body)
	a.Body, a.Trailer, a.Err = string(body), res.Trailer, err
	return a, nil
}

// Reader is the stream behind the answers read so far.
func (r *Raw) Reader() *bufio.Reader { return r.r }

// Closed reports whether the server closes the connection within limit without
// another byte. A reset counts as closed.
func (r *Raw) Closed(limit time.Duration) bool {
	_ = r.SetReadDeadline(time.Now().Add(limit))
	defer func() { _ = r.SetReadDeadline(time.Now().Add(patience)) }()
	_, err := r.r.ReadByte()
	var timeout net.Error
	return err != nil && (!errors.As(err, &timeout) || !timeout.Timeout())
}

// Rest reads what comes until the server closes, or nothing came for quiet.
func (r *Raw) Rest(quiet time.Duration) (rest string, closed bool) {
	var out []byte
	buf := make([]byte, 4096)
	for {
		_ = r.SetReadDeadline(time.Now().Add(quiet))
		n, err := r.r.Read(buf)
		out = append(out, buf[:n]...)
		if err != nil {
			var timeout net.Error
			return string(out), !errors.As(err, &timeout) || !timeout.Timeout()
		}
	}
}

// String shows an answer in one line.
func (a Answered) String() string {
	s := fmt.Sprintf("%d %s", a.Status, Quote(a.Body))
	if a.Err != nil {
		s += fmt.Sprintf(" (cut: %v)", a.Err)
	}
	return s
}
