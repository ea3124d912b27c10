package http1

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func BenchmarkRoundTrip(b *testing.B) {
	body := strings.Repeat("x", 1<<10)
	for name, post := range map[string]bool{"get": false, "post": true} {
		b.Run(name, func(b *testing.B) {
			near, far := tcpPair(b)
			go echoServer(far, body, post)
			c := NewClientConn(near)
			r := request(b, http.MethodGet, 0)
			r.Header = http.Header{"User-Agent": {"bench"}, "Accept": {"*/*"}, "Cookie": {"a=b; c=d"}, "X-Forwarded-For": {"192.0.2.1"}}
			if post {
				r.Method, r.ContentLength = http.MethodPost, int64(len(body))
			}
			buf := make([]byte, 4<<10)
			x, m := new(Exchange), new(Memory)
			b.ReportAllocs()
			for b.Loop() {
				*x = Exchange{Request: r, Suspect: time.Second, Response: time.Minute, BodyIdle: time.Minute, Memory: m}
				if post {
					x.Body = strings.NewReader(body)
				}
				res, err := c.RoundTrip(x)
				if err != nil {
					b.Fatal(err)
				}
				for err == nil {
					_, err = res.Body.Read(buf)
				}
				if !errors.Is(err, io.EOF) || !c.Reusable() {
					b.Fatal(err)
				}
				if !m.Reclaim() {
					m = new(Memory)
				}
			}
			_ = c.Close()
		})
	}
}

// echoServer answers each request without an allocation.
func echoServer(conn net.Conn, body string, post bool) {
	answer := []byte(ok + "Content-Type: text/html\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nServer: b\r\nContent-Length: 1024\r\n\r\n" + body)
	buf := make([]byte, 64<<10)
	for n := 0; ; {
		m, err := conn.Read(buf[n:])
		if err != nil {
			return
		}
		n += m
		head := strings.Index(string(buf[:n]), "\r\n\r\n")
		if head < 0 || post && n < head+4+len(body) {
			continue
		}
		n = 0
		_, _ = conn.Write(answer)
	}
}
