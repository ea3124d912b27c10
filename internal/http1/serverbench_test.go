package http1

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

const benchGet = "GET /index.html?a=b HTTP/1.1\r\nHost: app.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n" +
	"Accept: text/html,application/xhtml+xml\r\nAccept-Language: en\r\nAccept-Encoding: gzip, deflate, br\r\n" +
	"Cookie: session=0123456789abcdef0123456789abcdef\r\nConnection: keep-alive\r\n\r\n"

var benchAnswer = bytes.Repeat([]byte("a"), 872)

func benchHandler(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h["Content-Type"] = benchType
	h["Content-Length"] = benchLength
	_, _ = w.Write(benchAnswer)
}

var benchType, benchLength = []string{"text/html"}, []string{"872"}

// reel is a connection on which the same request comes n times.
type reel struct {
	net.Conn
	left int
}

func (r *reel) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	r.left--
	return copy(p, benchGet), nil
}

func (r *reel) Write(p []byte) (int, error)      { return len(p), nil }
func (*reel) Close() error                       { return nil }
func (*reel) LocalAddr() net.Addr                { return &net.TCPAddr{} }
func (*reel) RemoteAddr() net.Addr               { return &net.TCPAddr{} }
func (*reel) SetDeadline(time.Time) error        { return nil }
func (*reel) SetReadDeadline(time.Time) error    { return nil }
func (*reel) SetWriteDeadline(t time.Time) error { return nil }

// What the engine itself costs, without a socket.
func BenchmarkServerMemory(b *testing.B) {
	s := NewServer(ServerOptions{Handler: http.HandlerFunc(benchHandler), Idle: time.Minute, Header: 10 * time.Second, Write: time.Minute})
	b.ReportAllocs()
	s.ServeConn(&reel{left: b.N}, nil)
}

func BenchmarkServerGet(b *testing.B) {
	f := newFront(b, ServerOptions{Handler: http.HandlerFunc(benchHandler), Idle: time.Minute, Header: 10 * time.Second, Write: time.Minute})
	benchFront(b, f.addr)
}

// The same with net/http's server.
func BenchmarkServerGetStandard(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(benchHandler), IdleTimeout: time.Minute, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() { _ = s.Serve(l); close(done) }()
	b.Cleanup(func() { _ = s.Close(); <-done })
	benchFront(b, l.Addr().String())
}

// benchFront asks over one connection; the answers are read by length alone.
func benchFront(b *testing.B, addr string) {
	b.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	buf := make([]byte, 4<<10)
	once := func(want int) int {
		_, _ = io.WriteString(c, benchGet)
		for n := 0; ; {
			m, err := c.Read(buf[n:])
			if err != nil {
				b.Fatal(err)
			}
			if n += m; n >= want && bytes.HasSuffix(buf[:n], benchAnswer) {
				return n
			}
		}
	}
	size := once(0)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		once(size)
	}
}

// What the head of a common answer costs.
func BenchmarkServerHead(b *testing.B) {
	s := NewServer(ServerOptions{})
	c := newServerConn(s, &reel{}, nil)
	c.take()
	w := &c.turn.writer
	for range b.N {
		for _, name := range []string{"Content-Type", "Content-Length", "Cache-Control", "Etag", "Last-Modified", "Set-Cookie", "Vary", "X-Request-Id", "Server"} {
			w.header[name] = benchLength
		}
		w.WriteHeader(200)
		w.reset()
	}
}
