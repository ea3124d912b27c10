package backend

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"sterling/internal/http1"
)

const echoAnswer = "HTTP/1.1 200 OK\r\nServer: echo\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Type: text/html\r\n" +
	"Content-Length: 11\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\nETag: \"65920080-368\"\r\nAccept-Ranges: bytes\r\n\r\nhello world"

// frugal answers each request, a body of which is of 1 kB, and allocates nothing.
func frugal(conn net.Conn) {
	answer, end, post := []byte(echoAnswer), []byte("\r\n\r\n"), []byte("POST")
	buf := make([]byte, 16<<10)
	for n := 0; ; {
		m, err := conn.Read(buf[n:])
		if err != nil {
			return
		}
		n += m
		head := bytes.Index(buf[:n], end)
		if head < 0 || bytes.HasPrefix(buf, post) && n < head+4+1<<10 {
			continue
		}
		n = 0
		_, _ = conn.Write(answer) // the client sees it
	}
}

// pollable is a context that can be asked.
type pollable struct{ context.Context }

func (pollable) Poll() error { return nil }

// browser is a request as a door sends it on.
func browser(t testing.TB, m *Member, method string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(pollable{t.Context()}, method, m.URL().String()+"/some/page.html?a=b", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{
		"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"}, "Accept": {"text/html,*/*;q=0.8"},
		"Accept-Encoding": {"gzip, deflate, br"}, "Accept-Language": {"en"}, "X-Forwarded-For": {"192.0.2.1"},
		"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"www.example.org"}, "X-Request-Id": {"0123456789abcdef"},
	}
	return req
}

// turn makes one exchange as the door does.
func turn(m *Member, req *http.Request, call *Call, buf []byte) error {
	res, err := m.RoundTrip(req, call)
	if err != nil {
		return err
	}
	for err == nil {
		_, err = res.Body.Read(buf)
	}
	if err != io.EOF { //nolint:errorlint // a body's end
		return err
	}
	err = res.Body.Close()
	call.Recycle()
	return err
}

func BenchmarkMemberRoundTrip(b *testing.B) {
	m := start(b, PoolOptions{}, startRaw(b, frugal).url).pool.members[0]
	buf := make([]byte, 4<<10)
	b.Run("get", func(b *testing.B) {
		req := browser(b, m, http.MethodGet)
		var call Call
		b.ReportAllocs()
		for b.Loop() {
			call = Call{Movable: true}
			if err := turn(m, req, &call, buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	body := strings.NewReader(strings.Repeat("x", 1<<10))
	for name, body := range map[string]io.ReadSeeker{"post": body, "post-at-hand": atHand{body}} {
		b.Run(name, func(b *testing.B) {
			req := browser(b, m, http.MethodPost)
			req.ContentLength = 1 << 10
			var call Call
			b.ReportAllocs()
			for b.Loop() {
				_, _ = body.Seek(0, io.SeekStart) // it never fails
				call = Call{Movable: true, Body: http1.NewSpool(body, 64<<10)}
				if err := turn(m, req, &call, buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// atHand is a body that is there as a whole.
type atHand struct{ *strings.Reader }

func (a atHand) Buffered() ([]byte, bool) { return make([]byte, a.Len()), true }
