package http1

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

type answerCase struct {
	name, answer string
	method       string // GET
	closes       bool   // the server closes after it
	status       int    // 200
	body         string
	length       int64
	trailer      string
	reusable     bool
}

var good = []answerCase{
	{name: "length", answer: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", body: "hello", length: 5, reusable: true},
	{name: "no body", answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", reusable: true},
	{name: "no reason", answer: "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", reusable: true},
	{name: "odd status", answer: "HTTP/1.1 799 \r\nContent-Length: 0\r\n\r\n", status: 799, reusable: true},
	{name: "length said twice", answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi", body: "hi", length: 2, reusable: true},
	{name: "close", answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: foo, Close\r\n\r\nhi", body: "hi", length: 2},
	{name: "more than the length", answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi HTTP/1.1", body: "hi", length: 2},
	{name: "to the end", answer: "HTTP/1.1 200 OK\r\n\r\nhello", closes: true, body: "hello", length: -1},
	{name: "http/1.0 to the end", answer: "HTTP/1.0 200 OK\r\n\r\nhello", closes: true, body: "hello", length: -1},
	{name: "http/1.0", answer: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", body: "hi", length: 2},
	{name: "http/1.0 kept", answer: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: Keep-Alive\r\n\r\nhi", body: "hi", length: 2, reusable: true},
	{name: "head", method: "HEAD", answer: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", length: 5, reusable: true},
	{name: "head chunked", method: "HEAD", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", reusable: true},
	{name: "head without a length", method: "HEAD", answer: "HTTP/1.1 200 OK\r\n\r\n", reusable: true},
	{name: "204", answer: "HTTP/1.1 204 No Content\r\n\r\n", status: 204, reusable: true},
	{name: "204 with length 0", answer: "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", status: 204, reusable: true},
	{name: "204 with a length", answer: "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", status: 204},
	{name: "204 chunked", answer: "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", status: 204},
	{name: "304 with a length", answer: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", status: 304, length: 5, reusable: true},
	{name: "chunked", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0A;x=\"y\"\r\n0123456789\r\n0\r\n\r\n", body: "abc0123456789", length: -1, reusable: true},
	{name: "chunk size with spaces", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3  \r\nabc\r\n0 ; z\r\n\r\n", body: "abc", length: -1, reusable: true},
	{name: "trailers", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Sum, Content-Length, a b\r\n\r\n1\r\na\r\n0\r\nSum: 7\r\nOther: 8\r\nContent-Length: 9\r\nSet-Cookie: a=b\r\nHost: evil\r\nAuthorization: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
		body: "a", length: -1, trailer: "Other=8 Sum=7", reusable: true},
	{name: "informational first", answer: "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", body: "a", length: 1, reusable: true},
	{name: "102 first", answer: "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", body: "a", length: 1},
	{name: "199 first", answer: "HTTP/1.1 199 What\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", body: "a", length: 1},
}

func TestAnswersAreUnderstoodWhereverTheyAreSplit(t *testing.T) {
	for _, tc := range good {
		t.Run(tc.name, func(t *testing.T) {
			for _, parts := range splits(tc.answer) {
				tc.check(t, parts)
			}
		})
	}
}

// splits returns s whole, in two at every border, and byte by byte.
func splits(s string) [][]string {
	all := [][]string{{s}, strings.Split(s, "")}
	for i := 1; i < len(s); i++ {
		all = append(all, []string{s[:i], s[i:]})
	}
	return all
}

func (tc answerCase) check(t *testing.T, parts []string) {
	t.Helper()
	c := newServer(t, func(s *server) {
		s.request()
		s.say(parts...)
		if tc.closes {
			_ = s.Close()
		}
	})
	method := tc.method
	if method == "" {
		method = http.MethodGet
	}
	res, body, err := fetch(c, &Exchange{Request: request(t, method, 0)})
	if err != nil {
		t.Fatalf("%q: %v", parts, err)
	}
	status := tc.status
	if status == 0 {
		status = 200
	}
	if res.StatusCode != status || body != tc.body || res.ContentLength != tc.length {
		t.Errorf("%q: got %d, %q of length %d", parts, res.StatusCode, body, res.ContentLength)
	}
	if got := flat(res.Trailer); got != tc.trailer {
		t.Errorf("%q: trailers %q", parts, got)
	}
	// What comes after the answer may not have come yet.
	if c.Reusable() != tc.reusable && !(c.Reusable() && strings.HasPrefix(tc.name, "more")) {
		t.Errorf("%q: reusable %v", parts, c.Reusable())
	}
	for _, name := range []string{"Transfer-Encoding", "Trailer"} {
		if _, ok := res.Header[name]; ok {
			t.Errorf("%q: %s is left", parts, name)
		}
	}
	if n := len(res.Header["Content-Length"]); n > 1 || n == 1 && status == 204 {
		t.Errorf("%q: %d lengths", parts, n)
	}
}

func flat(h http.Header) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(h)) {
		all = append(all, name+"="+strings.Join(h[name], "|"))
	}
	return strings.Join(all, " ")
}

const ok = "HTTP/1.1 200 OK\r\n"

// bad are answers that must be refused as malformed.
var bad = map[string]string{
	"no http":                   "hello\r\n\r\n",
	"empty line first":          "\r\n" + ok + "Content-Length: 0\r\n\r\n",
	"http/2":                    "HTTP/2.0 200 OK\r\n\r\n",
	"http/1.2":                  "HTTP/1.2 200 OK\r\n\r\n",
	"lower case":                "http/1.1 200 OK\r\n\r\n",
	"two digits":                "HTTP/1.1 20 OK\r\n\r\n",
	"four digits":               "HTTP/1.1 2000 OK\r\n\r\n",
	"no digits":                 "HTTP/1.1 2x0 OK\r\n\r\n",
	"signed status":             "HTTP/1.1 +20 OK\r\n\r\n",
	"status 99":                 "HTTP/1.1 099 OK\r\n\r\n",
	"control byte in reason":    "HTTP/1.1 200 O\x01K\r\n\r\n",
	"bare lf in status line":    "HTTP/1.1 200 OK\n\r\n",
	"bare lf in header":         ok + "A: b\nContent-Length: 0\r\n\r\n",
	"bare lf at the end":        ok + "Content-Length: 0\r\n\n",
	"bare cr":                   ok + "A: b\rc\r\n\r\n",
	"two crs":                   ok + "A: b\r\r\n\r\n",
	"space before colon":        ok + "Content-Length : 0\r\n\r\n",
	"folded line":               ok + "A: b\r\n c\r\n\r\n",
	"folded first line":         ok + " A: b\r\n\r\n",
	"no colon":                  ok + "A\r\n\r\n",
	"no name":                   ok + ": b\r\n\r\n",
	"nul in value":              ok + "A: b\x00c\r\n\r\n",
	"control byte in name":      ok + "A\x01: b\r\n\r\n",
	"lengths that differ":       ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
	"list of lengths":           ok + "Content-Length: 1, 1\r\n\r\na",
	"signed length":             ok + "Content-Length: +1\r\n\r\na",
	"negative length":           ok + "Content-Length: -1\r\n\r\n",
	"hexadecimal length":        ok + "Content-Length: 0x1\r\n\r\na",
	"empty length":              ok + "Content-Length:\r\n\r\n",
	"huge length":               ok + "Content-Length: 9223372036854775808\r\n\r\n",
	"length of 10^40":           ok + "Content-Length: 1" + strings.Repeat("0", 40) + "\r\n\r\n",
	"length and chunked":        ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"chunked in 1.0":            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"gzip":                      ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
	"identity":                  ok + "Transfer-Encoding: identity\r\n\r\n",
	"chunked twice":             ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"empty coding":              ok + "Transfer-Encoding:\r\n\r\n",
	"vertical tab coding":       ok + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
	"too many lines":            ok + strings.Repeat("A: b\r\n", 257) + "\r\n",
	"head too long":             ok + "A: " + strings.Repeat("b", 70000) + "\r\n\r\n",
	"head too long in lines":    ok + strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 70) + "\r\n",
	"line without end":          strings.Repeat("b", 70000),
	"1xx flood":                 strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 18),
	"1xx with a body":           "HTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\n\r\nabc" + ok + "Content-Length: 0\r\n\r\n",
	"1xx chunked":               "HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n" + ok + "Content-Length: 0\r\n\r\n",
	"101 that nobody asked for": "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
}

func TestMalformedHeadsAreRefused(t *testing.T) {
	for name, answer := range bad {
		t.Run(name, func(t *testing.T) {
			c := newServer(t, func(s *server) {
				s.request()
				s.say(answer)
			})
			e := mustFail(t, c, &Exchange{Request: get(t)})
			if !e.Malformed() || e.Phase != PhaseHead || !e.Seen || !e.Sent || e.Unprocessed || e.Timeout {
				t.Errorf("got %+v", e)
			}
			if c.Reusable() {
				t.Error("the connection may be used again")
			}
		})
	}
}

// badBodies are chunked bodies after a head that is right.
var badBodies = map[string]string{
	"bare lf after size":     "1\na\r\n0\r\n\r\n",
	"bare lf after data":     "1\r\na\n0\r\n\r\n",
	"no size":                "\r\n",
	"no number":              "x\r\n",
	"signed size":            "+1\r\na\r\n0\r\n\r\n",
	"hexadecimal prefix":     "0x1\r\na\r\n0\r\n\r\n",
	"space before size":      " 1\r\na\r\n0\r\n\r\n",
	"underscore":             "1_0\r\n",
	"size too long":          "0000000000000001\r\na\r\n0\r\n\r\n",
	"size overflows":         "fffffffffffffffff\r\n",
	"no crlf after data":     "1\r\nab\r\n0\r\n\r\n",
	"only cr after data":     "1\r\na\rb0\r\n\r\n",
	"only an extension":      ";a=b\r\n",
	"long extension":         "1;" + strings.Repeat("x", 5000) + "\r\na\r\n0\r\n\r\n",
	"little but extensions":  strings.Repeat("1;"+strings.Repeat("x", 1000)+"\r\na\r\n", 30) + "0\r\n\r\n",
	"malformed trailer":      "0\r\nA : b\r\n\r\n",
	"bare lf in trailer":     "0\r\nA: b\n\r\n",
	"trailers too long":      "0\r\n" + strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 20) + "\r\n",
	"another answer instead": ok + "\r\n",
}

func TestMalformedChunkedBodiesAreRefused(t *testing.T) {
	for name, body := range badBodies {
		t.Run(name, func(t *testing.T) {
			c := newServer(t, func(s *server) {
				s.request()
				s.say(ok+"Transfer-Encoding: chunked\r\n\r\n", body)
			})
			_, _, err := fetch(c, &Exchange{Request: get(t)})
			if err == nil {
				t.Fatal("the body was taken")
			}
			if e := asError(t, err); !e.Malformed() || e.Phase != PhaseBody || !e.Seen {
				t.Errorf("got %+v", e)
			}
			if c.Reusable() {
				t.Error("the connection may be used again")
			}
		})
	}
}

// An answer that is cut anywhere is an error, and never a shorter answer.
func TestAnAnswerThatEndsEarlyIsAnError(t *testing.T) {
	for _, tc := range good {
		if tc.closes || tc.name == "more than the length" {
			continue
		}
		t.Run(tc.name, func(t *testing.T) {
			for i := range len(tc.answer) {
				c := newServer(t, func(s *server) {
					s.request()
					s.say(tc.answer[:i])
					_ = s.Close()
				})
				method := tc.method
				if method == "" {
					method = http.MethodGet
				}
				_, _, err := fetch(c, &Exchange{Request: request(t, method, 0)})
				if err == nil {
					t.Fatalf("%q was taken for an answer", tc.answer[:i])
				}
				if e := asError(t, err); e.Malformed() || e.Unprocessed || e.Timeout || e.Seen != (i > 0) {
					t.Errorf("%q: %+v", tc.answer[:i], e)
				}
			}
		})
	}
}

func TestAConnectionServesOneExchangeAfterAnother(t *testing.T) {
	c := newServer(t, func(s *server) {
		for r, _ := s.request(); r != nil; r, _ = s.request() {
			s.say(ok + "Content-Length: 2\r\nKeep-Alive: timeout=5, max=" + r.Header.Get("N") + "\r\n\r\nhi")
		}
	})
	for _, n := range []string{"7", "6", "x"} {
		r := get(t)
		r.Header.Set("N", n)
		if _, body, err := fetch(c, &Exchange{Request: r}); err != nil || body != "hi" {
			t.Fatalf("%q, %v", body, err)
		}
		timeout, most := c.KeepAlive()
		if timeout.Seconds() != 5 || n != "x" && most != int(n[0]-'0') || n == "x" && most != 0 {
			t.Errorf("keep alive %v %d after %s", timeout, most, n)
		}
		if !c.Reusable() || !c.Alive() {
			t.Fatal("not reusable")
		}
	}
}

func TestAnExchangeDuringAnotherIsRefused(t *testing.T) {
	c := newServer(t, func(s *server) {
		s.request()
		s.say(ok+"Content-Length: 2\r\n\r\nh", "i")
	})
	res, err := c.RoundTrip(&Exchange{Request: get(t)})
	if err != nil {
		t.Fatal(err)
	}
	if e := mustFail(t, c, &Exchange{Request: get(t)}); e.Sent || e.Seen {
		t.Errorf("got %+v", e)
	}
	b := make([]byte, 3)
	if n, err := res.Body.Read(b); err != nil || n != 1 {
		t.Errorf("the first one was harmed: %d, %v", n, err)
	}
}

func TestABodyThatIsClosedEarlyCostsTheConnection(t *testing.T) {
	c := newServer(t, func(s *server) {
		s.request()
		s.say(ok+"Content-Length: 2\r\n\r\nh", "i")
	})
	res, err := c.RoundTrip(&Exchange{Request: get(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Error(err)
	}
	if _, err := res.Body.Read(make([]byte, 1)); !errors.Is(err, http.ErrBodyReadAfterClose) {
		t.Errorf("reading after Close: %v", err)
	}
	if c.Reusable() || res.Body.Close() != nil {
		t.Error("reusable, or Close cannot be called twice")
	}
}
