package http1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// recording is a connection on which a recorded answer comes, and then the end.
type recording struct {
	net.Conn
	answer bytes.Reader
}

func (r *recording) Read(p []byte) (int, error)       { return r.answer.Read(p) }
func (r *recording) Write(p []byte) (int, error)      { return len(p), nil }
func (r *recording) Close() error                     { return nil }
func (r *recording) SetDeadline(time.Time) error      { return nil }
func (r *recording) SetReadDeadline(time.Time) error  { return nil }
func (r *recording) SetWriteDeadline(time.Time) error { return nil }

func newRecording(answer []byte) *ClientConn {
	r := &recording{}
	r.answer.Reset(answer)
	return NewClientConn(r)
}

// reference reads an answer with net/http, past the informational ones.
func reference(answer []byte, r *http.Request) (*http.Response, string, *bufio.Reader, error) {
	br := bufio.NewReader(bytes.NewReader(answer))
	for {
		res, err := http.ReadResponse(br, r)
		if err != nil {
			return nil, "", nil, err
		}
		if res.StatusCode >= 100 && res.StatusCode < 200 {
			continue
		}
		body, err := io.ReadAll(res.Body)
		return res, string(body), br, err
	}
}

// What is taken must be taken by net/http, too, and mean the same to it.
func FuzzResponse(f *testing.F) {
	for _, tc := range good {
		f.Add(tc.method == "HEAD", []byte(tc.answer))
	}
	for _, answer := range bad {
		if len(answer) < 2000 {
			f.Add(false, []byte(answer))
		}
	}
	for _, body := range badBodies {
		if len(body) < 2000 {
			f.Add(false, []byte(ok+"Transfer-Encoding: chunked\r\n\r\n"+body))
		}
	}
	f.Fuzz(func(t *testing.T, head bool, answer []byte) {
		r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/"}, Host: "a", Header: http.Header{}}
		if head {
			r.Method = http.MethodHead
		}
		c := newRecording(answer)
		res, body, err := fetch(c, &Exchange{Request: r})
		if err != nil {
			if c.Reusable() {
				t.Error("reusable after an error")
			}
			_ = asError(t, err)
			return
		}
		want, wantBody, rest, err := reference(answer, r)
		switch {
		case err != nil && (strings.Contains(err.Error(), "bad trailer key") || stricter(err, answer)):
			return // a name that we do not announce
		case err != nil:
			t.Fatalf("net/http refuses: %v", err)
		case res.StatusCode != want.StatusCode, body != wantBody:
			t.Fatalf("%d %q, net/http: %d %q", res.StatusCode, body, want.StatusCode, wantBody)
		case res.ContentLength != want.ContentLength && !head && res.StatusCode != 304:
			t.Fatalf("length %d, net/http: %d", res.ContentLength, want.ContentLength)
		case c.Reusable() && want.Close:
			t.Fatal("reusable, but not for net/http")
		case c.Reusable() && rest.Buffered() > 0:
			t.Fatal("reusable, but there is more")
		}
		sameHeader(t, res.Header, want.Header)
		for name, values := range res.Trailer {
			if got := want.Trailer[name]; !slices.Equal(got, values) {
				t.Fatalf("trailer %s: %q, net/http: %q", name, values, got)
			}
		}
	})
}

// stricter reports whether net/http refuses the space before a semicolon that
// RFC 9112, section 7.1.1, allows.
func stricter(err error, in []byte) bool {
	return strings.Contains(err.Error(), "invalid byte in chunk length") &&
		(bytes.Contains(in, []byte(" ;")) || bytes.Contains(in, []byte("\t;")))
}

func sameHeader(t *testing.T, got, want http.Header) {
	t.Helper()
	for _, h := range []http.Header{got, want} {
		for _, name := range []string{"Transfer-Encoding", "Trailer", "Content-Length", "Connection"} {
			delete(h, name)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%q, net/http: %q", got, want)
	}
	for name, values := range want {
		if !slices.Equal(values, got[name]) {
			t.Fatalf("%s: %q, net/http: %q", name, got[name], values)
		}
	}
}

// What is taken must be the same body to net/http.
func FuzzChunked(f *testing.F) {
	f.Add([]byte("3\r\nabc\r\n0A;x=\"y\"\r\n0123456789\r\n0\r\nA: b\r\n\r\n"))
	f.Add([]byte("5  \r\nhello\r\n0 ;x\r\n\r\n"))
	f.Add([]byte("5 ;\r\nhello\r\n0;\r\n\r\n"))
	for _, body := range badBodies {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r := &chunkedReader{lines: lineReader{br: bufio.NewReader(bytes.NewReader(in))}}
		got, err := io.ReadAll(r)
		if _, again := r.Read(make([]byte, 1)); err != nil && !errors.Is(again, err) {
			t.Fatalf("%v, then %v", err, again)
		}
		if err != nil {
			return
		}
		want, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(in)))
		if err != nil && stricter(err, in) {
			return
		}
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%q, net/http: %q, %v", got, want, err)
		}
	})
}
