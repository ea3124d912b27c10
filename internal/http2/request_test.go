package http2

import (
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/http2"
)

// describe says all of a request that a handler can see.
func describe(r *http.Request) string {
	var lines []string
	for name, values := range r.Header {
		lines = append(lines, fmt.Sprintf("%s=%q", name, values))
	}
	sort.Strings(lines)
	var trailers []string
	for name := range r.Trailer {
		if all(name, tokenAny) { // the standard server takes any
			trailers = append(trailers, name)
		}
	}
	sort.Strings(trailers)
	b, err := io.ReadAll(r.Body)
	body := fmt.Sprintf("%q %v", b, err)
	return fmt.Sprintf("%s %q host=%q url=%+v proto=%s/%d/%d length=%d close=%v trailer=%v remote=%v tls=%v te=%v body=%s header=%v",
		r.Method, r.RequestURI, r.Host, *r.URL, r.Proto, r.ProtoMajor, r.ProtoMinor, r.ContentLength, r.Close, trailers,
		r.RemoteAddr != "", r.TLS != nil, r.TransferEncoding, body, lines)
}

func TestMalformedRequestsAreReset(t *testing.T) {
	noLeaks(t)
	var refused []Refused
	r := start(t, ServerOptions{
		Refused: func(r *Refused) { refused = append(refused, *r) },
		Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/good" {
				t.Errorf("the handler saw %s", describe(r))
			}
		}),
	})
	const without = "(without)"
	for _, f := range []fields{
		{"connection", "x-a"}, {"keep-alive", "300"}, {"proxy-connection", "close"}, {"transfer-encoding", "chunked"},
		{"upgrade", "h2c"}, {"te", "chunked"}, {"te", "trailers, chunked"}, {"te", ""}, {"te", "Trailers"},
		{"X-A", "b"}, {"x a", "b"}, {"", "b"}, {"x:a", "b"}, {"x-a\r\nx-b", "c"}, {"x-\xe4", "b"}, {"x-a\x00", "b"},
		{"x-a", "b\r\nx-b: c"}, {"x-a", "b\n"}, {"x-a", "\x00"}, {"x-a", "b\x7f"}, {"x-a", " b"}, {"x-a", "b "}, {"x-a", "\tb"}, {"x-a", "b\t"}, {"x-a", " "},
		{"cookie", "a=b\n"}, {"user-agent", "a\x01"},
		{":method", without}, {":scheme", without}, {":path", without}, {":method", ""}, {":path", ""}, {":scheme", ""},
		{":method", "G T"}, {":method", "GET /\r\n"}, {":method", "G\xe4T"},
		{":scheme", "ftp"}, {":scheme", "HTTPS"}, {":scheme", "https "},
		{":path", "a"}, {":path", "*"}, {":path", "/a b"}, {":path", "/a#b"}, {":path", "/a\x00"}, {":path", "/%zz"}, {":path", "?a"}, {":path", "/\x7f"},
		{":path", "http://localhost/"}, {":path", "//a b"}, {":path", "/a\r\nx: y"},
		{":authority", "user@localhost"}, {":authority", "local host"}, {":authority", "localhost\r\nx: y"}, {":authority", "a/b"},
		{":unknown", "a"}, {":status", "200"}, {":protocol", "websocket"}, {":", "a"},
		{"host", "other"}, {"host", "localhost", "host", "localhost"}, {":authority", "", "host", "a"},
		{":authority", without, "host", "a@b"}, {":authority", without, "host", "a", "host", "a"},
		{"content-length", "5"}, {"content-length", "-1"}, {"content-length", "+0"}, {"content-length", "0x0"}, {"content-length", ""},
		{"content-length", "0", "content-length", "0"}, {"content-length", "0,0"}, {"content-length", "99999999999999999999"},
		{":method", "CONNECT"}, {":method", "CONNECT", ":path", without, ":scheme", without, ":authority", without},
		{":method", "CONNECT", ":path", without, ":scheme", without, ":authority", ""},
		{":method", "CONNECT", ":path", without, ":authority", "a:1"},
		{"x-a", "b", ":method", "POST"}, {"x-a", "b", ":unknown", "c"}, {":path", "/a", ":path", "/a"},
	} {
		t.Run(fmt.Sprintf("%q", f), func(t *testing.T) {
			refused = nil
			c := r.dial()
			c.open(1, true, merge(f, without))
			if a := c.answer(1); !a.cut || a.reset != http2.ErrCodeProtocol {
				t.Fatalf("got %+v", a)
			}
			c.open(3, true, get[:4].and(":path", "/good", ":authority", "localhost"))
			if a := c.answer(3); a.status != "200" {
				t.Errorf("the next request got %+v", a)
			}
			if len(refused) != 1 || refused[0].Status != 0 || refused[0].Err == nil || refused[0].Proto != "HTTP/2.0" || refused[0].TLS == nil || refused[0].Remote == nil {
				t.Errorf("reported as %+v", refused)
			}
		})
	}
}

// merge puts instead into the fields of a plain request: what has the name of a
// pseudo-header field replaces it, at its first mention.
func merge(instead fields, without string) fields {
	f := slices.Clone(get)
	replaced := map[string]bool{}
	for i := 0; i < len(instead); i += 2 {
		at := slices.Index(f[:len(get)], instead[i])
		if regular := i > 0 && !strings.HasPrefix(instead[0], ":"); at < 0 || replaced[instead[i]] || regular {
			f = append(f, instead[i:i+2]...)
			continue
		}
		replaced[instead[i]] = true
		f[at+1] = instead[i+1]
	}
	var out fields
	for i := 0; i < len(f); i += 2 {
		if f[i+1] != without {
			out = append(out, f[i:i+2]...)
		}
	}
	return out
}

func TestMeaningOfRequests(t *testing.T) {
	seen := make(chan string, 1)
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) { seen <- describe(r) }).dial()
	stream := uint32(1)
	for _, tc := range []struct {
		fields fields
		want   []string
	}{
		{fields{"cookie", "a=b", "x-a", "1", "cookie", "c=d", "cookie", "e=f", "x-a", "2"}, []string{`Cookie=["a=b; c=d; e=f"]`, `X-A=["1" "2"]`}},
		{fields{"host", "localhost"}, []string{`host="localhost"`, `header=[]`}},
		{fields{":authority", "(without)", "host", "a.example:1"}, []string{`host="a.example:1"`, `header=[]`}},
		{fields{":authority", "(without)"}, []string{`host=""`}},
		{fields{":path", "*", ":method", "OPTIONS"}, []string{`OPTIONS "*"`, "Path:*"}},
		{fields{":path", "//a/%2fb?c=%zz"}, []string{`"//a/%2fb?c=%zz"`, "Path://a//b", "RawPath://a/%2fb", "RawQuery:c=%zz"}},
		{fields{":path", "/?"}, []string{"ForceQuery:true"}},
		{fields{":path", "/a?b?c"}, []string{"RawQuery:b?c", "ForceQuery:false"}},
		{fields{":method", "CONNECT", ":path", "(without)", ":scheme", "(without)", ":authority", "a:1"}, []string{`CONNECT "a:1" host="a:1"`, "Host:a:1"}},
		{fields{":scheme", "http"}, []string{"tls=true"}},
		{fields{"te", "trailers"}, []string{`Te=["trailers"]`}},
		{fields{"x_odd!name", "a"}, []string{`X_odd!name=["a"]`}},
		{fields{"expect", "100-continue"}, []string{"header=[]"}},
		{fields{"trailer", "x-a, Content-Length"}, []string{"trailer=[X-A]", "header=[]"}},
		{fields{"content-length", "0"}, []string{"length=0", "body=\"\" <nil>", `Content-Length=["0"]`}},
	} {
		c.open(stream, true, merge(tc.fields, "(without)"))
		if a := c.answer(stream); a.status != "200" {
			t.Fatalf("%q: got %+v", tc.fields, a)
		}
		stream += 2
		got := <-seen
		for _, want := range append(tc.want, "proto=HTTP/2.0/2/0", "remote=true") {
			if !strings.Contains(got, want) {
				t.Errorf("%q: %s is not in %s", tc.fields, want, got)
			}
		}
	}
}

func TestHeaderListsOverTheLimitGet431(t *testing.T) {
	var refused []Refused
	r := start(t, ServerOptions{
		MaxHead: 8 << 10, MaxLines: 50, Refused: func(r *Refused) { refused = append(refused, *r) },
		Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
	})
	var many, bomb fields
	for range 50 {
		many = many.and("x-a", "b")
	}
	for range 2000 {
		bomb = bomb.and("x-bomb", strings.Repeat("b", 1000)) // an index into the table
	}
	c := r.dial()
	stream := uint32(1)
	for name, f := range map[string]fields{
		"one long value": {"x-a", strings.Repeat("a", 9000)}, "many fields": many, "bomb": bomb,
		"many frames": {"x-a", strings.Repeat("\xff", 9000)},
	} {
		refused = nil
		c.open(stream, true, get.and(f...))
		if a := c.answer(stream); a.status != "431" || a.body != "" {
			t.Fatalf("%s: got %+v", name, a)
		}
		if len(refused) != 1 || refused[0].Status != 431 || refused[0].Target != "/" || refused[0].Method != "GET" || refused[0].Host != "localhost" {
			t.Errorf("%s: reported as %+v", name, refused)
		}
		c.open(stream+2, true, get.and("x-b", "c")) // the compression is still right
		if a := c.answer(stream + 2); a.status != "200" {
			t.Fatalf("%s: the next request got %+v", name, a)
		}
		stream += 4
	}
	c.open(stream, false, get.and("x-a", strings.Repeat("a", 9000)))
	if a := c.answer(stream); a.status != "431" {
		t.Errorf("with a body: got %+v", a)
	}
	if a := c.answer(stream); !a.cut || a.reset != http2.ErrCodeNo {
		t.Errorf("the body was not dismissed: %+v", a)
	}
	_ = c.WriteData(stream, true, []byte("late"))
	c.open(stream+2, true, get)
	if a := c.answer(stream + 2); a.status != "200" {
		t.Errorf("behind a body: got %+v", a)
	}
}

// pieces are what the differential test makes requests of.
var pieces = struct{ pseudo, names, values []string }{
	pseudo: []string{":method", "GET", ":method", "POST", ":method", "OPTIONS", ":method", "HEAD", ":method", "CONNECT", ":method", "", ":scheme", "https", ":scheme", "x", ":path", "/", ":path", "/a/b?c=d", ":path", "/%41?", ":path", "*",
		":path", "//a", ":path", "a", ":path", "/a\x7f", ":path", "/\xe4", ":path", "/a!b'(c)*", ":path", "/a%2", ":authority", "localhost", ":authority", "other:80", ":authority", "a@b", ":authority", "", ":status", "200", ":protocol", "a"},
	names: []string{"host", "cookie", "x-a", "X-A", "te", "connection", "content-length", "trailer", "expect", "user-agent", "x-odd_name",
		"upgrade", "accept", "transfer-encoding", "range", "", "a b", "content-type", "proxy-connection", "keep-alive", "via"},
	values: []string{"", "a", "localhost", "other:80", "trailers", "0", "5", "100-continue", "X-A, X-B", "a, b", " a", "a\n", "\xe4", "a\tb"},
}

func randomRequest(r *rand.Rand) fields {
	f := slices.Clone(get)
	for range r.IntN(3) {
		i := 2 * r.IntN(len(pieces.pseudo)/2)
		switch at := slices.Index(f, pieces.pseudo[i]); {
		case r.IntN(8) == 0 && at >= 0:
			f = slices.Delete(f, at, at+2)
		case r.IntN(8) == 0 || at < 0:
			f = append(f, pieces.pseudo[i:i+2]...)
		default:
			f[at+1] = pieces.pseudo[i+1]
		}
	}
	for range r.IntN(4) {
		f = append(f, pieces.names[r.IntN(len(pieces.names))], pieces.values[r.IntN(len(pieces.values))])
	}
	return f
}

// What the standard server takes has to mean the same here, or be refused. What
// it refuses has to be refused.
func TestRequestsMeanWhatTheStandardServerTakesThemFor(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]string{}
	see := func(who string) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			seen[who] = describe(r)
		})
	}
	native := start(t, ServerOptions{Handler: see("native")})
	h1 := &http.Server{}
	standard := &http2.Server{}                                 //nolint:staticcheck // the undeprecated way takes no connection of ours
	if err := http2.ConfigureServer(h1, standard); err != nil { //nolint:staticcheck // as above
		t.Fatal(err)
	}
	l := listen(t, func(c *tls.Conn) {
		//nolint:staticcheck // as above
		standard.ServeConn(c, &http2.ServeConnOpts{BaseConfig: h1, Handler: see("standard")})
	})
	defer func() { _ = l.Close() }()
	other := &run{t: t, addr: l.Addr().String()}
	random := rand.New(rand.NewPCG(1, 2))
	handled, n := 0, 3000
	if testing.Short() {
		n = 300
	}
	ours, theirs := native.dial(), other.dial()
	for i := range n {
		stream := uint32(2*(i%150) + 1)
		if stream == 1 {
			ours, theirs = native.dial(), other.dial()
		}
		f := randomRequest(random)
		body := random.IntN(3) == 0
		a, err := ask(ours, stream, f, body)
		if err != nil {
			t.Fatalf("%q: %v", f, err)
		}
		if a.status == "" {
			continue // refused
		}
		handled++
		if b, err := ask(theirs, stream, f, body); err != nil || b.status != "200" {
			t.Fatalf("%q: taken here; the standard server answered %+v", f, b)
		}
		mu.Lock()
		if seen["native"] != seen["standard"] {
			t.Errorf("%q:\nnative   %s\nstandard %s", f, seen["native"], seen["standard"])
		}
		mu.Unlock()
	}
	if handled < n/10 {
		t.Errorf("only %d of %d requests were taken", handled, n)
	}
}

// ask sends a request, with five bytes of body if it has one.
func ask(c *raw, stream uint32, f fields, body bool) (answer, error) {
	if err := c.tryOpen(stream, !body, f); err != nil {
		return answer{}, err
	}
	if body {
		if err := c.WriteData(stream, true, []byte("hello")); err != nil {
			return answer{}, err
		}
	}
	a := c.answer(stream)
	return a, a.gone
}
