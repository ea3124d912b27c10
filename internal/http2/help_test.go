package http2

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// patience is how long a test waits for what has to come.
const patience = 20 * time.Second

var certificate = sync.OnceValues(func() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
})

func serverTLS(t testing.TB) *tls.Config {
	t.Helper()
	cert, err := certificate()
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}}
}

func clientTLS() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}} //nolint:gosec // the certificate is not what is tested
}

// run is a server with a listener, over TLS.
type run struct {
	*Server
	t    testing.TB
	addr string
}

// start serves o on a port of its own until the test ends.
func start(t testing.TB, o ServerOptions) *run {
	t.Helper()
	r := &run{Server: NewServer(o), t: t}
	var conns sync.WaitGroup
	l := listen(t, func(nc *tls.Conn) {
		conns.Add(1)
		defer conns.Done()
		state := nc.ConnectionState()
		r.ServeConn(nc, &state)
	})
	r.addr = l.Addr().String()
	t.Cleanup(func() {
		_ = l.Close()
		_ = r.Close()
		conns.Wait()
	})
	return r
}

// listen calls serve with each connection, once its handshake is done.
func listen(t testing.TB, serve func(*tls.Conn)) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := serverTLS(t)
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				c := tls.Server(nc, config)
				if c.Handshake() != nil {
					_ = c.Close()
					return
				}
				serve(c)
			}()
		}
	}()
	return l
}

// client is net/http's, for this server alone.
func (r *run) client() *http.Client {
	r.t.Helper()
	tr := newTransport()
	r.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: patience}
}

func newTransport() *http.Transport {
	tr := &http.Transport{TLSClientConfig: clientTLS(), ForceAttemptHTTP2: true, DisableCompression: true}
	tr.Protocols = new(http.Protocols)
	tr.Protocols.SetHTTP2(true)
	return tr
}

func (r *run) url(path string) string { return "https://" + r.addr + path }

// raw is a client that sends frames as they are.
type raw struct {
	*http2.Framer
	nc  net.Conn
	t   testing.TB
	enc *hpack.Encoder
	buf bytes.Buffer

	last uint32 // stream that next returned
}

// next returns a stream that the test has not used.
func (c *raw) next() uint32 {
	c.last = max(c.last+2, 1001)
	return c.last
}

// dial connects, with preface and settings sent.
func (r *run) dial(settings ...http2.Setting) *raw {
	r.t.Helper()
	c := r.connect()
	if _, err := io.WriteString(c.nc, http2.ClientPreface); err != nil {
		r.t.Fatal(err)
	}
	if err := c.WriteSettings(settings...); err != nil {
		r.t.Fatal(err)
	}
	return c
}

// connect only connects.
func (r *run) connect() *raw {
	r.t.Helper()
	nc, err := tls.Dial("tcp", r.addr, clientTLS())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = nc.Close() })
	return newRaw(r.t, nc)
}

func newRaw(t testing.TB, nc net.Conn) *raw {
	_ = nc.SetDeadline(time.Now().Add(patience))
	c := &raw{nc: nc, t: t, Framer: http2.NewFramer(nc, nc)}
	c.AllowIllegalWrites = true
	c.SetMaxReadFrameSize(maxFrame)
	c.enc = hpack.NewEncoder(&c.buf)
	c.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	return c
}

// fields are names and values in turn.
type fields []string

var get = fields{":method", "GET", ":scheme", "https", ":path", "/", ":authority", "localhost"}
var post = fields{":method", "POST", ":scheme", "https", ":path", "/", ":authority", "localhost"}

func (f fields) and(more ...string) fields { return append(f[:len(f):len(f)], more...) }

func (c *raw) encode(f fields) []byte {
	c.buf.Reset()
	for i := 0; i < len(f); i += 2 {
		_ = c.enc.WriteField(hpack.HeaderField{Name: f[i], Value: f[i+1]})
	}
	return c.buf.Bytes()
}

// open sends HEADERS.
func (c *raw) open(stream uint32, end bool, f fields) {
	c.t.Helper()
	if err := c.tryOpen(stream, end, f); err != nil {
		c.t.Fatal(err)
	}
}

func (c *raw) tryOpen(stream uint32, end bool, f fields) error {
	return c.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: c.encode(f), EndStream: end, EndHeaders: true})
}

// answer is how a stream ended.
type answer struct {
	status  string
	header  http.Header
	early   []string
	body    string
	trailer http.Header
	reset   http2.ErrCode
	cut     bool // RST_STREAM
	goAway  *http2.ErrCode
	gone    error // the connection broke
}

// answer reads until the stream has ended, or the connection.
func (c *raw) answer(stream uint32) (a answer) {
	for {
		f, err := c.ReadFrame()
		if err != nil {
			a.gone = err
			return a
		}
		if g, ok := f.(*http2.GoAwayFrame); ok {
			code := g.ErrCode
			a.goAway = &code
			continue
		}
		if f.Header().StreamID == stream && a.add(f) {
			return a
		}
	}
}

// add reports whether the stream has ended.
func (a *answer) add(f http2.Frame) bool {
	switch f := f.(type) {
	case *http2.MetaHeadersFrame:
		status := f.PseudoValue("status")
		if status != "" && status[0] == '1' {
			a.early = append(a.early, status)
			return false
		}
		h := http.Header{}
		for _, hf := range f.RegularFields() {
			h[hf.Name] = append(h[hf.Name], hf.Value)
		}
		if a.status != "" {
			a.trailer = h
		} else {
			a.status, a.header = status, h
		}
		return f.StreamEnded()
	case *http2.DataFrame:
		a.body += string(f.Data())
		return f.StreamEnded()
	case *http2.RSTStreamFrame:
		a.reset, a.cut = f.ErrCode, true
		return true
	}
	return false
}

// ended reads until the connection ends, and returns the code of the last
// GOAWAY.
func (c *raw) ended() (code http2.ErrCode, said bool) {
	c.t.Helper()
	for {
		f, err := c.ReadFrame()
		if err != nil {
			if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
				c.t.Fatal("the connection was not ended")
			}
			return code, said
		}
		if g, ok := f.(*http2.GoAwayFrame); ok {
			code, said = g.ErrCode, true
		}
	}
}

// until waits for cond.
func until(t testing.TB, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("in vain: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// noLeaks fails the test when goroutines are left at its end. Call it first.
func noLeaks(t testing.TB) {
	t.Helper()
	t.Cleanup(func() {
		var left string
		deadline := time.Now().Add(5 * time.Second)
		for time.Now().Before(deadline) {
			if left = ours(); left == "" {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
		t.Errorf("goroutines are left:\n%s", left)
	})
}

// ours are the stacks of goroutines that run code of this package, but for tests.
func ours() string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var left []string
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		if strings.Contains(stack, "sterling/internal/http2.") && !strings.Contains(stack, "testing.tRunner") && !strings.Contains(stack, "testing.(*B)") {
			left = append(left, stack)
		}
	}
	return strings.Join(left, "\n\n")
}
