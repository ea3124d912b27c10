package http1

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// tape is a connection on which recorded bytes come, in pieces, and then the
// end.
type tape struct {
	net.Conn
	piece int // the most that one Read gives; 0: no bound

	mu       sync.Mutex
	in       []byte
	out      bytes.Buffer
	requests []heard
	closed   chan struct{}
	once     sync.Once
}

func newTape(in []byte, piece int) *tape {
	return &tape{in: bytes.Clone(in), piece: piece, closed: make(chan struct{})}
}

func (c *tape) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.in) == 0 {
		return 0, io.EOF
	}
	if c.piece > 0 && len(p) > c.piece {
		p = p[:c.piece]
	}
	n := copy(p, c.in)
	c.in = c.in[n:]
	return n, nil
}

func (c *tape) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.Write(p)
}

func (c *tape) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

func (*tape) LocalAddr() net.Addr                { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
func (*tape) RemoteAddr() net.Addr               { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2} }
func (*tape) SetDeadline(time.Time) error        { return nil }
func (*tape) SetReadDeadline(time.Time) error    { return nil }
func (*tape) SetWriteDeadline(t time.Time) error { return nil }

// heard is a request as a handler sees it.
type heard struct {
	method, target, host, proto string
	url                         url.URL
	header, trailer             http.Header
	length                      int64
	coding                      []string
	closes                      bool
	body                        string
	err                         error
	empty                       bool // an empty line stood before it
}

type tapeKey struct{}

// listen notes a request.
func (c *tape) listen(r *http.Request) {
	h := heard{
		method: r.Method, target: r.RequestURI, host: r.Host, proto: fmt.Sprint(r.Proto, r.ProtoMajor, r.ProtoMinor),
		url: *r.URL, header: r.Header.Clone(), length: r.ContentLength, coding: slices.Clone(r.TransferEncoding), closes: r.Close,
	}
	if x, ok := r.Context().(*serverContext); ok {
		h.empty = x.c.turn.head.empty
	}
	body, err := io.ReadAll(r.Body)
	h.body, h.err, h.trailer = string(body), err, r.Trailer.Clone()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests = append(c.requests, h)
}

// standardServer is net/http's, for tapes that are sent to it.
type standardServer struct{ tapes chan net.Conn }

func (s *standardServer) Accept() (net.Conn, error) {
	c, ok := <-s.tapes
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (*standardServer) Close() error   { return nil }
func (*standardServer) Addr() net.Addr { return &net.TCPAddr{} }

func newStandardServer(t testing.TB) *standardServer {
	l := &standardServer{make(chan net.Conn)}
	s := &http.Server{
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     log.New(io.Discard, "", 0),
		ConnContext:                  func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, tapeKey{}, c) },
		Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			r.Context().Value(tapeKey{}).(*tape).listen(r)
		}),
	}
	done := make(chan struct{})
	go func() { _ = s.Serve(l); close(done) }()
	t.Cleanup(func() { close(l.tapes); <-done; _ = s.Close() })
	return l
}

// What is accepted means the same to net/http, and what that refuses is
// refused.
func FuzzServerAgainstNetHTTP(f *testing.F) {
	for _, tc := range refusedRequests {
		if len(tc.send) < 2000 {
			f.Add([]byte(tc.send+plainGet), 0)
		}
	}
	for _, tc := range goodBodies {
		if len(tc.send) < 2000 {
			f.Add([]byte(srvPost+tc.head+tc.send+plainGet), 3)
		}
	}
	for _, send := range badChunks {
		if len(send) < 2000 {
			f.Add([]byte(srvChunked+send+plainGet), 1)
		}
	}
	for _, send := range []string{
		plainGet + plainGet, "\r\n" + plainGet + "\r\n" + plainGet, keep10 + keep10, get10 + get10, benchGet + benchGet,
		"GET http://h/a?b HTTP/1.1\r\nHost: H\r\n\r\n", "GET /a|b^c HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n",
		"GET /a%2f%20|;=?%zz HTTP/1.1\r\nHost:\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n", srvGet + "Pragma: no-cache\r\nConnection: x, close\r\n\r\n",
		srvPost + "Transfer-Encoding: chunked\r\nTrailer: A, b\r\nTrailer: Host\r\n\r\n1;x=y\r\na\r\n0\r\nA: 1\r\nB: 2\r\nHost: 3\r\nC: 4\r\n\r\n" + plainGet,
	} {
		f.Add([]byte(send), 0)
	}
	std := newStandardServer(f)
	ours := NewServer(ServerOptions{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		r.Context().(*serverContext).c.nc.(*tape).listen(r)
	})})
	f.Fuzz(func(t *testing.T, in []byte, piece int) {
		if len(in) > 8<<10 {
			return
		}
		mine, theirs := newTape(in, max(0, piece)), newTape(in, 0)
		ours.ServeConn(mine, nil)
		std.tapes <- theirs
		<-theirs.closed
		theirs.mu.Lock()
		defer theirs.mu.Unlock()
		for i, got := range mine.requests {
			if got.empty {
				return // net/http takes an empty line behind a POST alone
			}
			if i >= len(theirs.requests) {
				t.Fatalf("request %d is none to net/http: %+v\nwhich says %q", i, got, theirs.out.String())
			}
			if got.err != nil {
				return // refused
			}
			if what := differs(got, theirs.requests[i]); what != "" {
				t.Fatalf("request %d: %s\nours:     %+v\nnet/http: %+v", i, what, got, theirs.requests[i])
			}
		}
		if n := bytes.Count(mine.out.Bytes(), []byte("HTTP/1.1 100 Continue\r\n\r\n")); n > len(mine.requests) {
			t.Fatalf("%d times 100 for %d requests", n, len(mine.requests))
		}
	})
}

// differs says in what a request of ours means something else than net/http's.
func differs(got, want heard) string {
	if want.header.Get("Pragma") == "no-cache" && got.header["Cache-Control"] == nil {
		delete(want.header, "Cache-Control")
	}
	for name, values := range got.trailer {
		if len(values) > 0 && !slices.Equal(values, want.trailer[name]) {
			return "trailer " + name
		}
	}
	for name, values := range want.trailer {
		if _, announced := got.trailer[name]; announced && trailing(name) && !slices.Equal(values, got.trailer[name]) {
			return "trailer " + name
		}
	}
	switch {
	case want.err != nil:
		return "the body: " + want.err.Error()
	case got.method != want.method, got.target != want.target, got.host != want.host, got.proto != want.proto:
		return "the request line or the host"
	case !reflect.DeepEqual(got.url, want.url):
		return "the URL"
	case !reflect.DeepEqual(got.header, want.header):
		return "the header"
	case got.length != want.length, !slices.Equal(got.coding, want.coding), got.closes != want.closes:
		return "the framing"
	case got.body != want.body:
		return "the body's bytes"
	}
	return ""
}

// However the bytes of a request are cut into pieces, they mean the same.
func FuzzServerPieces(f *testing.F) {
	f.Add([]byte(plainGet+benchGet), 3)
	f.Add([]byte("GET / HTTP/1.1\r\nHost: h\r\nX: "+strings.Repeat("x", 3<<10)+"\n\r\n"), 94) // two faults
	for _, tc := range goodBodies {
		if len(tc.send) < 2000 {
			f.Add([]byte(srvPost+tc.head+tc.send+plainGet), 1)
		}
	}
	for _, tc := range refusedRequests {
		if len(tc.send) < 2000 {
			f.Add([]byte(plainGet+tc.send), 2)
		}
	}
	s := NewServer(ServerOptions{MaxHead: 2 << 10, MaxLines: 20, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		r.Context().(*serverContext).c.nc.(*tape).listen(r)
	})})
	f.Fuzz(func(t *testing.T, in []byte, piece int) {
		if len(in) > 8<<10 || piece <= 0 {
			return
		}
		whole, pieces := newTape(in, 0), newTape(in, piece)
		s.ServeConn(whole, nil)
		s.ServeConn(pieces, nil)
		if len(whole.requests) != len(pieces.requests) {
			t.Fatalf("%d requests in one piece, %d in pieces of %d", len(whole.requests), len(pieces.requests), piece)
		}
		for i, got := range pieces.requests {
			want := whole.requests[i]
			if (got.err == nil) != (want.err == nil) || got.err != nil && errors.Is(got.err, errBody) != errors.Is(want.err, errBody) {
				t.Fatalf("errors %v and %v", want.err, got.err)
			}
			if what := differs(got, want); what != "" && want.err == nil {
				t.Fatalf("request %d: %s: %+v, %+v", i, what, got, want)
			}
		}
		if a, b := statuses(whole), statuses(pieces); a != b {
			t.Fatalf("answers %s and %s", a, b)
		}
	})
}

func statuses(c *tape) string {
	var b strings.Builder
	for part := range strings.SplitSeq(c.out.String(), "HTTP/1.") {
		if len(part) > 5 {
			b.WriteString(part[:5])
		}
	}
	return b.String()
}
