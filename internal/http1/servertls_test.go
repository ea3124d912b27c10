package http1

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// selfSigned is a certificate that nobody need trust.
func selfSigned(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// newTLSFront is newFront over TLS; ours: over what NewConn returns.
func newTLSFront(t testing.TB, o ServerOptions, ours bool) *front {
	t.Helper()
	return tlsFrontOf(t, NewServer(o), ours)
}

func tlsFrontOf(t testing.TB, s *Server, ours bool) *front {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}}
	f := &front{Server: s, t: t, addr: l.Addr().String()}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				if ours {
					nc = NewConn(nc)
				}
				c := tls.Server(nc, config)
				if c.Handshake() != nil {
					_ = nc.Close()
					return
				}
				state := c.ConnectionState()
				f.ServeConn(c, &state)
			})
		}
	})
	t.Cleanup(func() {
		_, _ = l.Close(), f.Close()
		wg.Wait()
	})
	return f
}

// callTLS is call over TLS; what is written to raw goes below it.
func (f *front) callTLS() (c *tlsCaller, raw *net.TCPConn) {
	f.t.Helper()
	plain := f.call()
	s := &splitting{Conn: plain.TCPConn}
	nc := tls.Client(s, &tls.Config{InsecureSkipVerify: true})
	if err := nc.Handshake(); err != nil {
		f.t.Fatal(err)
	}
	return &tlsCaller{Conn: nc, caller: caller{t: f.t, br: bufio.NewReader(nc)}, below: s}, plain.TCPConn
}

type tlsCaller struct {
	*tls.Conn
	caller
	below *splitting
}

func (c *tlsCaller) say(parts ...string) {
	c.caller.t.Helper()
	for _, p := range parts {
		if _, err := io.WriteString(c.Conn, p); err != nil {
			c.caller.t.Fatal(err)
		}
	}
}

// splitting writes in pieces of size, with a pause between; 0: as it comes.
type splitting struct {
	net.Conn
	size int
}

func (s *splitting) Write(p []byte) (int, error) {
	if s.size == 0 {
		return s.Conn.Write(p)
	}
	for at := 0; at < len(p); at += s.size {
		if _, err := s.Conn.Write(p[at:min(at+s.size, len(p))]); err != nil {
			return at, err
		}
		time.Sleep(100 * time.Microsecond)
	}
	return len(p), nil
}

// overTLS runs a test with and without NewConn.
func overTLS(t *testing.T, o ServerOptions, test func(t *testing.T, f *front)) {
	t.Helper()
	for _, ours := range []bool{true, false} {
		t.Run(fmt.Sprintf("NewConn: %v", ours), func(t *testing.T) { test(t, newTLSFront(t, o, ours)) })
	}
}

func TestRequestsOverTLS(t *testing.T) {
	overTLS(t, ServerOptions{Handler: http.HandlerFunc(echo), Idle: time.Minute, Header: time.Minute}, func(t *testing.T, f *front) {
		c, _ := f.callTLS()
		for _, size := range []int{0, 1, 7, 100} { // of the pieces in which records arrive
			c.below.size = size
			c.say(plainGet, plainGet, "POST /2 HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\n\r\nhello"+plainGet)
			for _, want := range []string{"GET /a?b", "GET /a?b", "POST /2 b\nContent-Length: 5\r\nhello", "GET /a?b"} {
				if _, body := c.hear("GET"); !strings.HasPrefix(body, want) {
					t.Errorf("got %q, want %q", body, want)
				}
			}
		}
		c.below.size = 0
		c.say(srvGet + "X-Long: " + strings.Repeat("x", 20000) + "\r\n\r\n") // more than a record
		if _, body := c.hear("GET"); len(body) < 20000 {
			t.Errorf("got %d bytes", len(body))
		}
	})
}

func TestLargeAnswersOverTLS(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 10000)
	h := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "sized" {
			w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		}
		var piece int
		_, _ = fmt.Sscan(r.URL.Path[1:], &piece)
		for at := 0; at < len(content); at += piece {
			if n, err := w.Write(content[at:min(at+piece, len(content))]); err != nil {
				t.Error(n, err)
				return
			}
		}
	}
	overTLS(t, ServerOptions{Handler: http.HandlerFunc(h)}, func(t *testing.T, f *front) {
		c, _ := f.callTLS()
		for _, piece := range []int{1, 100, 4000, 4096, 16000, 16384, 20000, 32768, 50000, 1 << 20} {
			for _, how := range []string{"sized", ""} {
				c.say(fmt.Sprintf("GET /%d?%s HTTP/1.1\r\nHost: h\r\n\r\n", piece, how))
				if _, body := c.hear("GET"); body != string(content) {
					t.Fatalf("%d %s: got %d bytes", piece, how, len(body))
				}
			}
		}
	})
}

func TestASlowHeadOverTLSIsRefused(t *testing.T) {
	for _, sent := range []int{1, firstSize, 1000} {
		o := ServerOptions{Handler: hello, Idle: time.Minute, Header: 100 * time.Millisecond}
		overTLS(t, o, func(t *testing.T, f *front) {
			c, _ := f.callTLS()
			head := "GET / HTTP/1.1\r\nHost: h\r\nX-Long: " + strings.Repeat("x", 10000)
			c.say(get11)
			c.hear("GET")
			c.say(head[:sent])
			if res, _ := c.hear("GET"); res.StatusCode != 408 {
				t.Errorf("got %d", res.StatusCode)
			}
		})
	}
}

func TestAClientThatLeavesIsSeenOverTLS(t *testing.T) {
	ended := make(chan error, 1)
	h := func(_ http.ResponseWriter, r *http.Request) {
		ctx := r.Context().(Polled)
		for ctx.Poll() == nil {
			time.Sleep(time.Millisecond)
		}
		ended <- ctx.Poll()
	}
	overTLS(t, ServerOptions{Handler: http.HandlerFunc(h)}, func(t *testing.T, f *front) {
		c, raw := f.callTLS()
		c.say(get11)
		_ = raw.SetLinger(0)
		_ = raw.Close()
		if err := <-ended; !errors.Is(err, errClientGone) {
			t.Errorf("got %v", err)
		}
	})
}

func TestARefusalOverTLSEndsWell(t *testing.T) {
	overTLS(t, ServerOptions{Handler: hello}, func(t *testing.T, f *front) {
		c, _ := f.callTLS()
		c.say("BAD\r\n" + strings.Repeat("x", 50000))
		if res, _ := c.hear("GET"); res.StatusCode != 400 {
			t.Errorf("got %d", res.StatusCode)
		}
		if all, err := io.ReadAll(c.br); len(all) > 0 || err != nil {
			t.Errorf("then %q, %v", all, err)
		}
	})
}

func TestShutdownClosesIdleConnectionsOverTLS(t *testing.T) {
	overTLS(t, ServerOptions{Handler: hello}, func(t *testing.T, f *front) {
		var all []*tlsCaller
		for range 3 {
			c, _ := f.callTLS()
			c.say(get11)
			c.hear("GET")
			all = append(all, c)
		}
		if err := f.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		for _, c := range all {
			if rest, err := io.ReadAll(c.br); len(rest) > 0 || err != nil {
				t.Errorf("got %q, %v", rest, err)
			}
		}
	})
}

func TestHijackingOverTLS(t *testing.T) {
	h := func(w http.ResponseWriter, _ *http.Request) {
		nc, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.Copy(nc, rw)
		_ = nc.Close()
	}
	overTLS(t, ServerOptions{Handler: http.HandlerFunc(h)}, func(t *testing.T, f *front) {
		c, _ := f.callTLS()
		c.say("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: x\r\n\r\nahead")
		c.expect("ahead")
		c.say("more")
		c.expect("more")
		_ = c.CloseWrite()
		if all, err := io.ReadAll(c.br); len(all) > 0 || err != nil {
			t.Errorf("then %q, %v", all, err)
		}
	})
}
