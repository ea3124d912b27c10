package integration

import (
	"fmt"
	"slices"
	"strings"

	"sterling/internal/proxytest"
)

const (
	get     = "GET /a HTTP/1.1\r\nHost: localhost\r\n"
	post    = "POST /a HTTP/1.1\r\nHost: localhost\r\n"
	chunked = post + "Transfer-Encoding: chunked\r\n"
	hello   = "5\r\nhello\r\n0\r\n\r\n"
)

// oddBytes is the whole table.
func oddBytes() []odd {
	return slices.Concat(oddCodings(), oddLengths(), oddChunks(), oddLines(), oddTargets(), oddStarts(), oddFields())
}

// unsupported are the answers to a transfer coding that is not ours to undo.
var unsupported = []int{400, 501}

func oddCodings() []odd {
	const hidden = "the standard server settles it before a handler is called"
	return []odd{
		{name: "coding beside length", send: post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + hello, unseen: hidden},
		{name: "coding in HTTP/1.0", send: "POST /a HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + hello, unseen: hidden},
		{name: "coding beside length in HTTP/1.0", send: "POST /a HTTP/1.0\r\nHost: localhost\r\nContent-Length: 15\r\nTransfer-Encoding: chunked\r\n\r\n" + hello, unseen: hidden},
		{name: "coding twice", send: chunked + "Transfer-Encoding: chunked\r\n\r\n" + hello, codes: unsupported},
		{name: "coding twice, the second odd", send: chunked + "Transfer-Encoding: x\r\n\r\n" + hello, codes: unsupported},
		{name: "chunked, identity", send: post + "Transfer-Encoding: chunked, identity\r\n\r\n" + hello, codes: unsupported},
		{name: "identity, chunked", send: post + "Transfer-Encoding: identity, chunked\r\n\r\n" + hello, codes: unsupported},
		{name: "identity beside length", send: post + "Content-Length: 5\r\nTransfer-Encoding: identity\r\n\r\nhello", codes: unsupported},
		{name: "gzip, chunked", send: post + "Transfer-Encoding: gzip, chunked\r\n\r\n" + hello, codes: unsupported},
		{name: "xchunked", send: post + "Transfer-Encoding: xchunked\r\n\r\n" + hello, codes: unsupported},
		{name: "chunked with a parameter", send: post + "Transfer-Encoding: chunked;q=1\r\n\r\n" + hello, codes: unsupported},
		{name: "chunked in quotes", send: post + "Transfer-Encoding: \"chunked\"\r\n\r\n" + hello, codes: unsupported},
		{name: "chunked and a comma", send: post + "Transfer-Encoding: chunked,\r\n\r\n" + hello, codes: unsupported},
		{name: "chunked behind a vertical tab", send: post + "Transfer-Encoding: \x0bchunked\r\n\r\n" + hello, codes: unsupported},
		{name: "empty coding", send: post + "Transfer-Encoding:\r\nContent-Length: 5\r\n\r\nhello", codes: unsupported},
		{name: "space before the coding's colon", send: post + "Transfer-Encoding : chunked\r\n\r\n" + hello},
		{name: "coding's name with an underscore", send: post + "Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello", want: either, check: all(body("hello"), none("Transfer-Encoding"))},
		{name: "spaces around chunked", send: post + "Transfer-Encoding: \t chunked \t\r\n\r\n" + hello, want: passed, check: body("hello")},
		{name: "CHUNKED", send: post + "Transfer-Encoding: CHUNKED\r\n\r\n" + hello, want: passed, check: body("hello")},
		{name: "folded coding", send: post + "Transfer-Encoding:\r\n chunked\r\n\r\n" + hello, want: either, check: body("hello")},
		{name: "TE with chunked", send: chunked + "TE: trailers, chunked\r\n\r\n" + hello, want: passed, check: all(body("hello"), noneBut("Te", "trailers"))},
	}
}

func oddLengths() []odd {
	length := func(v string) string { return post + "Content-Length: " + v + "\r\n\r\nhello" }
	out := []odd{
		{name: "length twice, different", send: post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"},
		{name: "length twice, the same", send: post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", want: either, check: body("hello")},
		{name: "empty length", send: post + "Content-Length:\r\n\r\n"},
		{name: "space before the length's colon", send: post + "Content-Length : 5\r\n\r\nhello"},
		{name: "tab before the length's colon", send: post + "Content-Length\t: 5\r\n\r\nhello"},
		{name: "NUL in the length's name", send: post + "Content\x00Length: 5\r\n\r\nhello"},
		{name: "length of leading zeros", send: length("0005"), want: either, check: body("hello")},
		{name: "length's name with an underscore", send: post + "Content_Length: 50\r\nContent-Length: 5\r\n\r\nhello", want: either, check: all(body("hello"), unaliased("Content-Length"))},
		{name: "length of a GET", send: get + "Content-Length: 5\r\n\r\nhello", want: passed, check: body("hello")},
		{name: "length of a HEAD", send: "HEAD /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", want: passed, check: body("hello")},
		{name: "neither length nor coding", send: post + "\r\n", want: passed, check: body("")},
		{name: "a name that begins as the length's", send: post + "Content-Length0" + strings.Repeat("a", 255) + ": 0\r\nContent-Length: 5\r\n\r\nhello", want: passed, check: all(body("hello"), one("Content-Length"))},
	}
	for _, v := range []string{"+5", "-1", "0x5", "5,5", "5, 6", "5 5", "5;", "1e1", "5_0", "\x0b5", "５", "9223372036854775808", "99999999999999999999999", "NaN"} {
		out = append(out, odd{name: "length " + proxytest.Quote(v), send: length(v)})
	}
	// A valid number, but nobody can mean it.
	return append(out, odd{name: "length of eight exabytes", send: post + "Content-Length: 9223372036854775807\r\n\r\nhello", want: cut, codes: []int{400, 408, 413, 499}})
}

func oddChunks() []odd {
	send := func(s string) string { return chunked + "\r\n" + s }
	first := func(name, s string) odd { return odd{name: "first chunk: " + name, send: send(s)} }
	later := func(name, s string) odd {
		return odd{name: "later chunk: " + name, send: send("5\r\nhello\r\n" + s), want: cut}
	}
	good := func(name, s string) odd {
		return odd{name: "chunk: " + name, send: send(s), want: either, check: body("hello")}
	}
	return []odd{
		first("bare LF", "5\nhello\r\n0\r\n\r\n"),
		first("0x", "0x5\r\nhello\r\n0\r\n\r\n"),
		first("plus", "+5\r\nhello\r\n0\r\n\r\n"),
		first("minus", "-5\r\nhello\r\n0\r\n\r\n"),
		first("no number", "zz\r\nhello\r\n0\r\n\r\n"),
		first("empty", "\r\n5\r\nhello\r\n0\r\n\r\n"),
		first("overflow", "FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n"),
		first("wraps to five", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
		first("leading space", " 5\r\nhello\r\n0\r\n\r\n"),
		first("only an extension", ";a=b\r\nhello\r\n0\r\n\r\n"),
		first("bare LF in an extension", "5;a\nb\r\nhello\r\n0\r\n\r\n"),
		first("bare CR behind the size", "5\rX\nhello\r\n0\r\n\r\n"),
		first("extension of 100 KiB", "5;a="+strings.Repeat("b", 100<<10)+"\r\nhello\r\n0\r\n\r\n"),
		later("no CRLF behind the data", "5\r\nhello0\r\n\r\n"),
		later("data longer than said", "3\r\nhello\r\n0\r\n\r\n"),
		later("bare LF behind the data", "5\r\nhello\n0\r\n\r\n"),
		later("bare LF behind the size", "5\nhello\r\n0\r\n\r\n"),
		later("bare LF behind the last size", "0\n\r\n"),
		later("no number", "zz\r\nhello\r\n0\r\n\r\n"),
		later("minus", "-1\r\n\r\n0\r\n\r\n"),
		later("overflow", "FFFFFFFFFFFFFFFFF\r\n"),
		later("trailer without a colon", "0\r\ntrailer\r\n\r\n"),
		good("trailer with a space before its colon", "5\r\nhello\r\n0\r\nX-T : 1\r\n\r\n"),
		later("last chunk without its empty line", "0\r\n"),
		good("extension", "5;a=b;c=\"d\"\r\nhello\r\n0\r\n\r\n"),
		good("many zeros", "0005\r\nhello\r\n0000\r\n\r\n"),
		good("space behind the size", "5 \r\nhello\r\n0\r\n\r\n"),
		{
			name: "trailers with protected names", want: either,
			send: chunked + "Trailer: X-T, X-Forwarded-For, Content-Length, Host\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\nX-Forwarded-For: 6.6.6.6\r\nX_Real_IP: 6.6.6.6\r\nHost: evil\r\nContent-Length: 1\r\n\r\n",
			check: all(body("hello"), func(r *proxytest.Recorded) string {
				for _, f := range r.Trailer {
					if f.Name != "X-T" {
						return "trailer " + f.Name + " was passed on"
					}
				}
				return ""
			}),
		},
	}
}

func oddLines() []odd {
	return []odd{
		{name: "bare LF in the head", send: "GET /a HTTP/1.1\nHost: localhost\nX-A: b\n\n", want: either, check: is("X-A", "b")},
		{name: "bare LF behind the request line", send: "GET /a HTTP/1.1\nHost: localhost\r\n\r\n", want: either},
		{name: "folded line", send: get + "X-A: b\r\n c\r\n\r\n", want: either, check: is("X-A", "b c")},
		{name: "folded first line", send: "GET /a HTTP/1.1\r\n Host: localhost\r\n\r\n"},
		{name: "empty name", send: get + ": x\r\n\r\n"},
		{name: "empty name before the host", send: "GET /a HTTP/1.1\r\n: x\r\nHost: localhost\r\n\r\n"},
		{name: "no colon", send: get + "X-A\r\n\r\n"},
		{name: "space in a name", send: get + "X A: b\r\n\r\n"},
		{name: "separator in a name", send: get + "X(A): b\r\n\r\n"},
		{name: "at sign in a name", send: get + "X@A: b\r\n\r\n"},
		{name: "high byte in a name", send: get + "X\xffA: b\r\n\r\n"},
		{name: "NUL in a name", send: get + "X\x00A: b\r\n\r\n"},
		{name: "NUL in a value", send: get + "X-A: b\x00c\r\n\r\n"},
		{name: "bare CR in a value", send: get + "X-A: b\rX-B: c\r\n\r\n"},
		{name: "CR CR LF", send: get + "X-A: b\r\r\n\r\n", want: either},
		{name: "escape in a value", send: get + "X-A: b\x1bc\r\n\r\n"},
		{name: "DEL in a value", send: get + "X-A: b\x7fc\r\n\r\n"},
		{name: "high bytes in a value", send: get + "X-A: \xfc\xff\r\n\r\n", want: either, check: is("X-A", "\xfc\xff")},
		{name: "tab in a value", send: get + "X-A: b\tc\r\n\r\n", want: passed, check: is("X-A", "b\tc")},
		{name: "head without its empty line", send: "GET /a HTTP/1.1\r\nHost: localhost\r\n"},
		{name: "header of 20 KiB", send: get + "X-A: " + strings.Repeat("b", 20<<10) + "\r\n\r\n", codes: []int{431}},
		{name: "header of 200 lines", send: get + strings.Repeat("X-A: b\r\n", 200) + "\r\n", codes: []int{431}},
		{name: "name of 10 KiB", send: get + strings.Repeat("a", 10<<10) + ": b\r\n\r\n", want: either, codes: []int{400, 431}},
	}
}

func oddTargets() []odd {
	line := func(target string) string { return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n" }
	no := func(target string, codes ...int) odd {
		return odd{name: "target " + proxytest.Quote(target), send: line(target), codes: append(codes, 400)}
	}
	maybe := func(target, becomes string, codes ...int) odd {
		return odd{name: "target " + proxytest.Quote(target), send: line(target), want: either, codes: append(codes, 400, 404), check: all(targetIs(becomes), isFold("Host", "localhost"))}
	}
	out := []odd{
		no("/a#.png"), no("/a b"), no("/a\x00b"), no("/a\tb"), no("/a\x7fb"), no("/%zz"), no("/%"), no("a"), no(""), no("?a"),
		no("/a%00"), no("/..%2fa"), no("http://"), no("http:///a"), no("localhost:80"), no("//" + strings.Repeat("a", 100) + "@\\"),
		maybe("http://localhost/a?b", "/a?b"), maybe("HTTP://LOCALHOST/a", "/a"), maybe("http://localhost", "/"),
		maybe("http://user:pass@localhost/a", "/a"), maybe("ftp://localhost/a", "/a"),
		maybe("/a/../b", "/b"), maybe("/%2e%2e/b", "/b"), maybe("/a/./b", "/a/b"), maybe("/\xff", "/%FF"), maybe("/a\\b", "/a/b"),
		{name: "absolute target of another host", send: line("http://evil/a"), codes: []int{400, 404, 421}},
		{name: "absolute target, host of another", send: "GET http://localhost/a HTTP/1.1\r\nHost: evil\r\n\r\n", want: either, codes: []int{400, 404, 421}, check: is("Host", "localhost")},
		{name: "target of 9 KiB", send: line("/" + strings.Repeat("a", 9<<10)), codes: []int{414}},
		{name: "target of 100 KiB", send: line("/" + strings.Repeat("a", 100<<10)), codes: []int{414, 431}},
		{name: "no host", send: "GET /a HTTP/1.1\r\n\r\n"},
		{name: "two hosts", send: get + "Host: localhost\r\n\r\n"},
		{name: "two hosts, different", send: get + "host: evil\r\n\r\n"},
		{name: "no host in HTTP/1.0", send: "GET /a HTTP/1.0\r\n\r\n", want: either, codes: []int{400, 404}},
		{name: "tunnel", send: "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n", codes: []int{400, 405, 501}},
		{name: "tunnel to a path", send: "CONNECT /a HTTP/1.1\r\nHost: localhost\r\n\r\n", codes: []int{400, 405, 501}},
		{name: "trace", send: "TRACE /a HTTP/1.1\r\nHost: localhost\r\n\r\n", codes: []int{405, 501}},
	}
	return out
}

func oddStarts() []odd {
	first := func(line string, codes ...int) odd {
		return odd{name: "starts with " + proxytest.Quote(line), send: line + "\r\nHost: localhost\r\n\r\n", codes: append(codes, 400)}
	}
	return []odd{
		first("GET /a", 505), first("GET /a HTTP/2.0", 505), first("GET /a HTTP/3", 505), first("GET /a HTTP/1"), first("GET /a http/1.1"),
		first("GET /a HTTP/1.1 x"), first("GET /a HTTP/1.1 "), first("GET /a HTTP/11.1", 505), first("GET /a HTTP/1.01"), first("GET /a HTTP/+1.1"),
		first("GET  /a HTTP/1.1"), first("GET /a  HTTP/1.1"), first(" GET /a HTTP/1.1"), first("GET\t/a HTTP/1.1"), first("G\x00T /a HTTP/1.1"),
		first("G(T /a HTTP/1.1"), first("/a HTTP/1.1"), first(""),
		{name: "HTTP/1.2", send: "GET /a HTTP/1.2\r\nHost: localhost\r\n\r\n", want: either, codes: []int{400, 505}},
		{name: "HTTP/1.0", send: "GET /a HTTP/1.0\r\nHost: localhost\r\n\r\n", want: closes},
		{name: "HTTP/1.0 kept alive", send: "GET /a HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n", want: either},
		{name: "preface of HTTP/2", send: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", codes: []int{400, 405, 505}},
		{name: "method in small letters", send: "get /a HTTP/1.1\r\nHost: localhost\r\n\r\n", want: either, codes: []int{400, 405, 501}, check: methodIs("get")},
		{name: "unknown method", send: "BREW /a HTTP/1.1\r\nHost: localhost\r\n\r\n", want: either, codes: []int{405, 501}, check: methodIs("BREW")},
		{name: "empty line before the request", send: "\r\n" + get + "\r\n", want: either},
		{name: "TLS where plain HTTP is spoken", send: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"},
		{name: "closes with a request behind it", send: get + "Connection: close\r\n\r\n", want: closes},
	}
}

func oddFields() []odd {
	own := func(name, value string) func(*proxytest.Recorded) string {
		return func(r *proxytest.Recorded) string {
			if names := r.Alias(name); len(names) != 1 || r.Get(name) == value || r.Get(name) == "" {
				return fmt.Sprintf("%s is %q in %d lines, want the door's own", name, r.Get(name), len(names))
			}
			return ""
		}
	}
	return []odd{
		{
			name: "Connection names what the door sets", want: passed,
			send:  get + "Connection: keep-alive, X-Forwarded-For, X-Forwarded-Host, X-Forwarded-Proto, X-Request-Id, Host, Content-Length\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n",
			check: all(own("X-Forwarded-For", "6.6.6.6"), own("X-Forwarded-Host", ""), own("X-Forwarded-Proto", ""), own("X-Request-Id", ""), one("Host")),
		},
		{
			name: "underscores for what the door sets", want: passed,
			send:  get + "X_Forwarded_For: 6.6.6.6\r\nX-Forwarded_Proto: ftp\r\nx_real_ip: 6.6.6.6\r\n\r\n",
			check: all(own("X-Forwarded-For", "6.6.6.6"), own("X-Forwarded-Proto", "ftp"), own("X-Real-IP", "6.6.6.6")),
		},
		{name: "h2c upgrade", send: get + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", want: either, check: all(none("Upgrade"), none("HTTP2-Settings"), noneBut("Connection", "keep-alive"))},
		{name: "h2c upgrade of a POST", send: post + "Connection: Upgrade\r\nUpgrade: h2c, websocket\r\nContent-Length: 5\r\n\r\nhello", want: either, check: all(none("Upgrade"), body("hello"))},
		{name: "unknown expectation", send: post + "Expect: 200-ok\r\nContent-Length: 5\r\n\r\nhello", want: either, codes: []int{400, 417}, check: body("hello")},
		{name: "expectation twice", send: post + "Expect: 100-continue, 100-continue\r\nContent-Length: 5\r\n\r\nhello", want: either, codes: []int{400, 417}, check: body("hello")},
		{name: "expectation without a body", send: get + "Expect: 100-continue\r\n\r\n", want: either, codes: []int{400, 417}},
		{name: "Proxy header", send: get + "Proxy: http://evil\r\n\r\n", want: passed, check: none("Proxy")},
		{name: "hop-by-hop headers", send: get + "Keep-Alive: 300\r\nProxy-Connection: keep-alive\r\nProxy-Authorization: x\r\nTE: gzip\r\nTrailer: X-T\r\n\r\n", want: passed, check: all(none("Keep-Alive"), none("Proxy-Connection"), none("Proxy-Authorization"), none("Te"))},
		{name: "Connection with odd members", send: get + "Connection: ,, x-a ,\r\nX-A: b\r\n\r\n", want: either, check: none("X-A")},
	}
}
