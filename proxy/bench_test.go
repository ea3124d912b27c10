package proxy

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// echo is a backend that answers every head with the same bytes, and hardly
// costs anything: what is measured is the door.
func echo(tb testing.TB, answer string) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	said := []byte(answer)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				from := bufio.NewReader(c)
				for {
					line, err := from.ReadSlice('\n')
					if err != nil {
						return
					}
					if len(line) != len("\r\n") {
						continue
					}
					if _, err := c.Write(said); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

const echoed = "HTTP/1.1 200 OK\r\nServer: echo\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Type: text/html\r\n" +
	"Content-Length: 11\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\nEtag: \"65920080-368\"\r\nAccept-Ranges: bytes\r\n\r\nhello world"

// discard is a client that takes everything.
type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

// BenchmarkServe is the way of a returning visitor's request from the server's
// call to the end of its answer: the middle and the transport.
func BenchmarkServe(b *testing.B) {
	for _, log := range []string{"off", "access.log"} {
		b.Run("log-"+strings.TrimPrefix(log, "access."), func(b *testing.B) {
			r := startWith(b, strings.Replace(preamble, "access.log", log, 1)+appPool(echo(b, echoed)))
			var d *door
			for _, one := range r.doors {
				if one.name == "plain" {
					d = one
				}
			}
			in := &http.Request{
				Method: http.MethodGet, URL: &url.URL{Path: "/some/page.html", RawQuery: "a=b"}, RequestURI: "/some/page.html?a=b",
				Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Host: "localhost", RemoteAddr: "127.0.0.1:4711", Body: http.NoBody,
			}
			first := httptest.NewRecorder()
			in.Header = http.Header{}
			d.ServeHTTP(first, in)
			cookie, _, _ := strings.Cut(first.Header().Get("Set-Cookie"), ";")
			given := http.Header{
				"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"}, "Accept": {"text/html"},
				"Accept-Language": {"en"}, "Accept-Encoding": {"gzip"}, "Cookie": {"a=b; " + cookie}, "Referer": {"http://localhost/"},
			}
			out := discard{h: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(in.Header)
				for k, v := range given {
					in.Header[k] = v
				}
				clear(out.h)
				d.ServeHTTP(out, in)
			}
		})
	}
}

// visitor is a connection over which one visitor asks again and again.
type visitor struct {
	c    net.Conn
	ask  []byte
	want int // bytes of an answer
	buf  []byte
}

func newVisitor(tb testing.TB, r *running, m mode) *visitor {
	tb.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(r.url(m), "http://"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	v := &visitor{c: c, buf: make([]byte, 4096)}
	const head = "GET /some/page.html?a=b HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: text/html\r\nAccept-Encoding: gzip\r\nCookie: a=b"
	v.ask = []byte(head + "\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(v.get(tb))), nil)
	if err != nil {
		tb.Fatal(err)
	}
	cookie, _, _ := strings.Cut(res.Header.Get("Set-Cookie"), ";")
	v.ask = []byte(head + "; " + cookie + "\r\n\r\n")
	v.want = len(v.get(tb))
	return v
}

// get asks, and returns what comes: an answer is small, and sent in one piece.
func (v *visitor) get(tb testing.TB) []byte {
	if _, err := v.c.Write(v.ask); err != nil {
		tb.Fatal(err)
	}
	n, err := v.c.Read(v.buf)
	if err != nil || v.want != 0 && n != v.want {
		tb.Fatalf("got %d bytes, %v; want %d", n, err, v.want)
	}
	return v.buf[:n]
}

// BenchmarkDoor is a returning visitor's request from the client to the backend
// and back, over loopback.
func BenchmarkDoor(b *testing.B) {
	for _, m := range []mode{modes[0], modes[3]} {
		b.Run(m.name, func(b *testing.B) {
			v := newVisitor(b, start(b, appPool(echo(b, echoed))), m)
			b.ReportAllocs()
			for b.Loop() {
				v.get(b)
			}
		})
	}
}
