package http1

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	srvGet     = "GET /a HTTP/1.1\r\nHost: h\r\n"
	srvPost    = "POST /a HTTP/1.1\r\nHost: h\r\n"
	srvChunked = srvPost + "Transfer-Encoding: chunked\r\n\r\n"
)

// refusedRequests are what the server must refuse, by what is wrong with it.
var refusedRequests = []struct {
	name, send string
	status     int
}{
	{"bare LF", "GET /a HTTP/1.1\nHost: h\n\n", 400},
	{"bare LF behind the request line", "GET /a HTTP/1.1\nHost: h\r\n\r\n", 400},
	{"bare LF behind a header", "GET /a HTTP/1.1\r\nHost: h\nX: y\r\n\r\n", 400},
	{"bare LF for the empty line", "GET /a HTTP/1.1\r\nHost: h\r\n\n", 400},
	{"bare CR in a value", srvGet + "X-A: b\rX-B: c\r\n\r\n", 400},
	{"CR CR LF", srvGet + "X-A: b\r\r\n\r\n", 400},
	{"bare CR in the request line", "GET /a\r HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"folded line", srvGet + "X-A: b\r\n c\r\n\r\n", 400},
	{"folded line with a tab", srvGet + "X-A: b\r\n\tc\r\n\r\n", 400},
	{"space before the first header", "GET /a HTTP/1.1\r\n Host: h\r\n\r\n", 400},
	{"line of a space", srvGet + " \r\n\r\n", 400},
	{"space before the colon", srvPost + "Content-Length : 5\r\n\r\nhello", 400},
	{"tab before the colon", srvPost + "Content-Length\t: 5\r\n\r\nhello", 400},
	{"empty name", srvGet + ": x\r\n\r\n", 400},
	{"empty name before the host", "GET /a HTTP/1.1\r\n: x\r\nHost: h\r\n\r\n", 400},
	{"no colon", srvGet + "X-A\r\n\r\n", 400},
	{"space in a name", srvGet + "X A: b\r\n\r\n", 400},
	{"separator in a name", srvGet + "X(A): b\r\n\r\n", 400},
	{"high byte in a name", srvGet + "X\xffA: b\r\n\r\n", 400},
	{"NUL in a name", srvGet + "Content\x00Length: 5\r\n\r\n", 400},
	{"NUL in a value", srvGet + "X-A: b\x00c\r\n\r\n", 400},
	{"escape in a long value", srvGet + "X-A: aaaaaaaaaaaaaaaaaaaaaaaaa\x1bc\r\n\r\n", 400},
	{"DEL in a value", srvGet + "X-A: b\x7fc\r\n\r\n", 400},

	{"two hosts", srvGet + "Host: h\r\n\r\n", 400},
	{"two hosts, different", srvGet + "host: evil\r\n\r\n", 400},
	{"no host", "GET /a HTTP/1.1\r\n\r\n", 400},
	{"space in the host", "GET /a HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
	{"slash in the host", "GET /a HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
	{"user in the host", "GET /a HTTP/1.1\r\nHost: u@h\r\n\r\n", 400},
	{"absolute target of another host", "GET http://evil/a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"absolute target of another port", "GET http://h:81/a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"absolute target without host", "GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"absolute target of nothing", "GET http:// HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"absolute target with a user", "GET http://u:p@h/a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"absolute target of an odd host", "GET http://h%2f/a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"opaque target", "GET h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400},

	{"fragment", "GET /a#.png HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"space in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"two spaces before the target", "GET  /a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"two spaces behind the target", "GET /a  HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"tab in the target", "GET /a\tb HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"NUL in the target", "GET /a\x00b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"DEL in the target", "GET /a\x7f HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"high byte in the target", "GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"high byte in the query", "GET /?\xff HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"bad escape", "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"half an escape", "GET /% HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"relative target", "GET a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"query alone", "GET ?a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"asterisk of a GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"tunnel to a path", "CONNECT /a HTTP/1.1\r\nHost: h\r\n\r\n", 400},

	{"HTTP/0.9", "GET /a\r\n", 400},
	{"nothing but a method", "GET\r\n", 400},
	{"HTTP/2.0", "GET /a HTTP/2.0\r\nHost: h\r\n\r\n", 505},
	{"HTTP/1.2", "GET /a HTTP/1.2\r\nHost: h\r\n\r\n", 505},
	{"HTTP/3", "GET /a HTTP/3\r\nHost: h\r\n\r\n", 400},
	{"HTTP/1", "GET /a HTTP/1\r\nHost: h\r\n\r\n", 400},
	{"small http", "GET /a http/1.1\r\nHost: h\r\n\r\n", 400},
	{"HTTP/1.01", "GET /a HTTP/1.01\r\nHost: h\r\n\r\n", 400},
	{"space behind the version", "GET /a HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
	{"preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
	{"bad method", "G(T /a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"no method", "/a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"space before the method", " GET /a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
	{"two empty lines", "\r\n\r\n" + srvGet + "\r\n", 400},
	{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400},

	{"coding beside length", srvPost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
	{"length beside coding", srvPost + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
	{"coding in HTTP/1.0", "POST /a HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
	{"coding twice", srvPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501},
	{"chunked, identity", srvPost + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501},
	{"gzip, chunked", srvPost + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
	{"chunked,", srvPost + "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n", 501},
	{"empty coding", srvPost + "Transfer-Encoding:\r\n\r\n0\r\n\r\n", 501},
	{"vertical tab before the coding", srvPost + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400},

	{"empty length", srvPost + "Content-Length:\r\n\r\n", 400},
	{"signed length", srvPost + "Content-Length: +5\r\n\r\nhello", 400},
	{"negative length", srvPost + "Content-Length: -1\r\n\r\n", 400},
	{"list of lengths", srvPost + "Content-Length: 5,5\r\n\r\nhello", 400},
	{"length with a space", srvPost + "Content-Length: 5 5\r\n\r\nhello", 400},
	{"hexadecimal length", srvPost + "Content-Length: 0x5\r\n\r\nhello", 400},
	{"length beyond 63 bits", srvPost + "Content-Length: 9223372036854775808\r\n\r\n", 400},
	{"two lengths", srvPost + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400},
	{"the same length twice", srvPost + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
	{"trailer that frames", srvPost + "Transfer-Encoding: chunked\r\nTrailer: X-T, content-length\r\n\r\n0\r\n\r\n", 400},

	{"unknown expectation", srvPost + "Expect: 200-ok\r\nContent-Length: 5\r\n\r\nhello", 417},
	{"two expectations", srvPost + "Expect: 100-continue, x\r\nContent-Length: 5\r\n\r\nhello", 417},

	{"the same expectation twice", srvPost + "Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello", 417},
	{"a byte over the limit", srvGet + "X-A: " + strings.Repeat("b", 16<<10-len(srvGet)-len("X-A: \r\n")+1) + "\r\n\r\n", 431},

	{"target over the limit", "GET /" + strings.Repeat("a", 20<<10) + " HTTP/1.1\r\nHost: h\r\n\r\n", 414},
	{"target over all limits", "GET /" + strings.Repeat("a", 200<<10), 414},
	{"header over the limit", srvGet + "X-A: " + strings.Repeat("b", 20<<10) + "\r\n\r\n", 431},
	{"header over all limits", srvGet + "X-A: " + strings.Repeat("b", 200<<10), 431},
	{"headers over the limit", srvGet + strings.Repeat("X-A: "+strings.Repeat("b", 1000)+"\r\n", 18) + "\r\n", 431},
	{"too many lines", srvGet + strings.Repeat("X-A: b\r\n", 100) + "\r\n", 431},
	{"method over the limit", strings.Repeat("A", 20<<10) + " / HTTP/1.1\r\nHost: h\r\n\r\n", 414},
	{"end within the head", "GET /a HTTP/1.1\r\nHost: h\r\n", 400},
}

// limited is a front with common limits, whose refusals are counted.
func limited(t *testing.T, h http.HandlerFunc) (*front, func() []*Refused) {
	t.Helper()
	var mu sync.Mutex
	var all []*Refused
	f := newFront(t, ServerOptions{
		Handler: h, MaxHead: 16 << 10, MaxLines: 100,
		Refused: func(r *Refused) {
			mu.Lock()
			defer mu.Unlock()
			all = append(all, r)
		},
	})
	return f, func() []*Refused {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

func TestWhatCanBeMisreadIsRefused(t *testing.T) {
	for _, tc := range refusedRequests {
		t.Run(tc.name, func(t *testing.T) {
			f, refusals := limited(t, func(_ http.ResponseWriter, r *http.Request) {
				t.Errorf("%s %s was handled", r.Method, r.RequestURI)
			})
			// Byte by byte it must be the same as in one piece.
			for _, piece := range []int{len(tc.send), 1} {
				if piece == 1 && len(tc.send) > 1000 {
					continue
				}
				before := len(refusals())
				c := f.call()
				_ = c.SetNoDelay(true)
				for at := 0; at < len(tc.send); at += piece {
					if piece == 1 {
						time.Sleep(20 * time.Microsecond) // any order will do
					}
					if _, err := io.WriteString(c, tc.send[at:min(at+piece, len(tc.send))]); err != nil {
						break // refused before its end
					}
				}
				if tc.name == "end within the head" {
					_ = c.CloseWrite()
				} else {
					_, _ = io.WriteString(c, plainGet)
				}
				checkRefusal(t, c, tc.status)
				within(t, "the refusal", func() bool { return len(refusals()) == before+1 })
				if r := refusals()[before]; r.Status != tc.status || r.Err == nil || r.BytesOut == 0 || r.Began.IsZero() || r.Remote == nil {
					t.Errorf("reported %+v", r)
				}
			}
		})
	}
}

func checkRefusal(t *testing.T, c *caller, status int) {
	t.Helper()
	res, body := c.hear("")
	want := fmt.Sprintf("%d %s\n", status, http.StatusText(status))
	if res.StatusCode != status || body != want || !res.Close || res.Header.Get("Date") == "" {
		t.Errorf("got %d %q %v, want %q", res.StatusCode, body, res.Header, want)
	}
	if rest := c.ends(); rest != "" {
		t.Errorf("behind the refusal came %q", rest)
	}
}

// Who speaks TLS waits for an answer, and sends no line.
func TestWhatCannotBecomeARequestIsRefusedAtOnce(t *testing.T) {
	f, _ := limited(t, echo)
	c := f.call()
	c.say("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
	if res, _ := c.hear(""); res.StatusCode != 400 {
		t.Errorf("got %d", res.StatusCode)
	}
}

func TestARefusalTellsWhatCouldBeRead(t *testing.T) {
	f, refusals := limited(t, echo)
	c := f.call()
	began := time.Now()
	c.say("PUT /x?y HTTP/1.1\r\nHost: a.example\r\nUser-Agent: odd\x80\r\nX-A : b\r\n\r\n")
	checkRefusal(t, c, 400)
	within(t, "the refusal", func() bool { return len(refusals()) == 1 })
	r := refusals()[0]
	if r.Method != "PUT" || r.Target != "/x?y" || r.Host != "a.example" || r.Proto != "HTTP/1.1" || r.UserAgent != "odd\x80" ||
		r.Remote.String() != c.LocalAddr().String() || r.Began.Before(began) || r.Err.Error() != errName.Error() {
		t.Errorf("got %+v", r)
	}
}

// What is accepted means what net/http takes it for; FuzzServer compares more.
func TestWhatIsAcceptedMeansWhatItSays(t *testing.T) {
	for _, tc := range []struct {
		name, send string
		check      func(r *http.Request) bool
	}{
		{"path and query", "GET /a/b;c?d=%zz&e HTTP/1.1\r\nHost: H:80\r\n\r\n", func(r *http.Request) bool {
			return r.URL.Path == "/a/b;c" && r.URL.RawQuery == "d=%zz&e" && !r.URL.ForceQuery && r.Host == "H:80" && r.RequestURI == "/a/b;c?d=%zz&e"
		}},
		{"empty query", "GET /a? HTTP/1.1\r\nHost: h\r\n\r\n", func(r *http.Request) bool {
			return r.URL.Path == "/a" && r.URL.ForceQuery && r.URL.RawQuery == ""
		}},
		{"two question marks", "GET /a?? HTTP/1.1\r\nHost: h\r\n\r\n", func(r *http.Request) bool {
			return r.URL.Path == "/a" && !r.URL.ForceQuery && r.URL.RawQuery == "?"
		}},
		{"escapes", "GET /a%2fb%20c HTTP/1.1\r\nHost: h\r\n\r\n", func(r *http.Request) bool {
			return r.URL.Path == "/a/b c" && r.URL.RawPath == "/a%2fb%20c"
		}},
		{"a path that is escaped by default", "GET /a|b HTTP/1.1\r\nHost: h\r\n\r\n", func(r *http.Request) bool {
			return r.URL.Path == "/a|b" && r.URL.RawPath == "/a|b"
		}},
		{"two slashes", "GET //a/b HTTP/1.1\r\nHost: h\r\n\r\n", func(r *http.Request) bool { return r.URL.Path == "//a/b" && r.URL.Host == "" }},
		{"absolute target", "GET http://H.example:80/a?b HTTP/1.1\r\nHost: h.EXAMPLE:80\r\n\r\n", func(r *http.Request) bool {
			return r.URL.Host == "H.example:80" && r.Host == "H.example:80" && r.URL.Path == "/a" && r.URL.Scheme == "http"
		}},
		{"asterisk", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", func(r *http.Request) bool { return r.URL.Path == "*" && r.RequestURI == "*" }},
		{"authority", "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n", func(r *http.Request) bool {
			return r.URL.Host == "h:80" && r.Host == "h:80" && r.URL.Scheme == "" && r.URL.Path == ""
		}},
		{"names in any case", srvGet + "cOOKIE: a\r\nx-oTHER-name: b\r\nETAG: c\r\n\r\n", func(r *http.Request) bool {
			return r.Header["Cookie"][0] == "a" && r.Header["X-Other-Name"][0] == "b" && r.Header["Etag"][0] == "c" && len(r.Header) == 3
		}},
		{"odd token bytes", srvGet + "x!#$%&'*+.^_`|~9-a: b\r\n\r\n", func(r *http.Request) bool { return r.Header["X!#$%&'*+.^_`|~9-A"][0] == "b" }},
		{"values in order", srvGet + "X-A: 1\r\nCookie: a\r\nX-A: 2\r\nCookie: b\r\nX-B: 3\r\nX-A: 3\r\n\r\n", func(r *http.Request) bool {
			return fmt.Sprint(r.Header) == "map[Cookie:[a b] X-A:[1 2 3] X-B:[3]]"
		}},
		{"spaces around a value", srvGet + "X-A: \t b \tc\t \r\nX-B:\r\nX-C: \t \r\n\r\n", func(r *http.Request) bool {
			return fmt.Sprintf("%q", r.Header) == `map["X-A":["b \tc"] "X-B":[""] "X-C":[""]]`
		}},
		{"high bytes in a value", srvGet + "X-A: \xfc\xff\r\n\r\n", func(r *http.Request) bool { return r.Header.Get("X-A") == "\xfc\xff" }},
		{"an empty line before", "\r\n" + srvGet + "\r\n", func(r *http.Request) bool { return r.Method == "GET" }},
		{"a method of its own", "brew /a HTTP/1.1\r\nHost: h\r\n\r\n", func(r *http.Request) bool { return r.Method == "brew" }},
		{"length with zeros", srvPost + "Content-Length: 0005\r\n\r\nhello", func(r *http.Request) bool { return r.ContentLength == 5 }},
		{"length of nothing", srvPost + "Content-Length: 0\r\n\r\n", func(r *http.Request) bool { return r.ContentLength == 0 && r.Body == http.NoBody }},
		{"CHUNKED", srvPost + "Transfer-Encoding: \tCHUNKED \r\nTrailer: x-t, X-U\r\n\r\n0\r\n\r\n", func(r *http.Request) bool {
			return r.ContentLength == -1 && fmt.Sprint(r.TransferEncoding, r.Header, r.Trailer) == "[chunked] map[] map[X-T:[] X-U:[]]"
		}},
		{"trailer without chunks", srvGet + "Trailer: X-T\r\n\r\n", func(r *http.Request) bool { return r.Header.Get("Trailer") == "X-T" && r.Trailer == nil }},
		{"no more than pragma", srvGet + "Pragma: no-cache\r\n\r\n", func(r *http.Request) bool { return len(r.Header) == 1 }},
		{"expectation of an empty value", srvGet + "Expect:\r\n\r\n", func(r *http.Request) bool { return true }},
		{"close", srvGet + "Connection: x, Close\r\n\r\n", func(r *http.Request) bool { return r.Close }},
		{"keep", srvGet + "Connection: closed\r\n\r\n", func(r *http.Request) bool { return !r.Close }},
		{"HTTP/1.0", "GET /a HTTP/1.0\r\n\r\n", func(r *http.Request) bool {
			return r.Close && r.Proto == "HTTP/1.0" && r.ProtoMajor == 1 && r.ProtoMinor == 0 && r.Host == ""
		}},
		{"HTTP/1.0 that stays", "GET /a HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", func(r *http.Request) bool { return !r.Close }},
		{"the limit of lines", srvGet + strings.Repeat("X-A: b\r\n", 99) + "\r\n", func(r *http.Request) bool { return len(r.Header["X-A"]) == 99 }},
		{"the limit of bytes", srvGet + "X-A: " + strings.Repeat("b", 16<<10-len(srvGet)-len("X-A: \r\n")) + "\r\n\r\n", func(r *http.Request) bool { return true }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, _ := limited(t, func(w http.ResponseWriter, r *http.Request) {
				if !tc.check(r) {
					t.Errorf("got %s %q %v %q %v %v, %d, %v", r.Method, r.RequestURI, r.URL, r.Host, r.Header, r.Trailer, r.ContentLength, r.Close)
				}
				_, err := io.Copy(io.Discard, r.Body)
				_, _ = io.WriteString(w, strconv.FormatBool(err == nil))
			})
			for _, piece := range []int{len(tc.send), 1} {
				c := f.call()
				for at := 0; at < len(tc.send); at += piece {
					c.say(tc.send[at:min(at+piece, len(tc.send))])
				}
				if res, body := c.hear("GET"); res.StatusCode != 200 || body != "true" {
					t.Errorf("got %d %q", res.StatusCode, body)
				}
			}
		})
	}
}

// A value may not grow into its neighbour's.
func TestAppendingToAHeaderLeavesTheOthersAlone(t *testing.T) {
	f := handle(t, func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.Header {
			r.Header[name] = append(values, "more")
		}
		_, _ = fmt.Fprint(w, r.Header)
	})
	if all := f.exchange(srvGet + "A: 1\r\nB: 2\r\nCookie: 3\r\nC: 4\r\n\r\n"); !strings.Contains(all, "map[A:[1 more] B:[2 more] C:[4 more] Cookie:[3 more]]") {
		t.Errorf("got %q", all)
	}
}

func TestKnownNamesAreCanonicalAndFound(t *testing.T) {
	n := 0
	for _, known := range knownNames {
		if known == nil {
			continue
		}
		n++
		if http.CanonicalHeaderKey(known.name) != known.name {
			t.Errorf("%s is not canonical", known.name)
		}
		for _, spelled := range []string{known.name, strings.ToLower(known.name), strings.ToUpper(known.name)} {
			if lookupName([]byte(spelled)) != known {
				t.Errorf("%s is not found", spelled)
			}
		}
	}
	if n != len(commonNames)+8 {
		t.Errorf("the table holds %d names", n)
	}
	for _, unknown := range []string{"", "X", "Hosts", "Cookiee", "Content-Lengt\x88"} {
		if lookupName([]byte(unknown)) != nil {
			t.Errorf("%q is found", unknown)
		}
	}
}

func TestControlBytesAreFoundAnywhere(t *testing.T) {
	for c := range 256 {
		want := c < ' ' && c != '\t' || c == 0x7f
		for at := range 20 {
			b := []byte(strings.Repeat("\xe9 ", 10))
			b[at] = byte(c)
			if controls(b) != want {
				t.Fatalf("byte %#x at %d: %v", c, at, !want)
			}
		}
	}
}
