package integration

import (
	"strings"
	"testing"

	"sterling/internal/proxytest"
)

// what the door says of the requests below.
const told = "X-Forwarded-For: 127.0.0.1\r\nX-Real-Ip: 127.0.0.1\r\nX-Forwarded-Host: localhost\r\n" +
	"X-Forwarded-Proto: http\r\nX-Forwarded-Port: 80\r\nX-Request-Id: 1\r\n"

const (
	buy    = "POST /app/buy HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx"
	bought = "POST /app/buy HTTP/1.1\r\nHost: localhost\r\n" + told + "Content-Length: 1\r\n\r\nx"
)

func TestTheOracleSeesWhatNobodyMeant(t *testing.T) {
	const page = "GET /app/page?x=1 HTTP/1.1\r\nHost: localhost\r\nX-Note: a\r\nX-Note: b\r\n\r\n"
	seenPage := func(line, fields string) string { return line + "Host: localhost\r\n" + fields + "\r\n" }
	const line, notes = "GET /app/page?x=1 HTTP/1.1\r\n", "X-Note: a\r\nX-Note: b\r\n"
	const trailed = "PUT /app/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n1\r\nx\r\n0\r\nX-T: 1\r\n\r\n"
	seenTrailed := func(body string) string {
		return "PUT /app/x HTTP/1.1\r\nHost: localhost\r\n" + told + "Transfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n" + body
	}
	for _, c := range []struct{ name, sent, seen string }{
		{"an invented second request", page, seenPage(line, told+notes) + "POST /app/all HTTP/1.1\r\nHost: localhost\r\n" + told + "Content-Length: 3\r\n\r\nall"},
		{"one request twice", buy, bought + bought},
		{"a request for what is none", "rubbish\r\n\r\n", "DELETE /app/all HTTP/1.1\r\nHost: localhost\r\n" + told + "\r\n"},
		{"another body", buy, strings.Replace(bought, "\r\n\r\nx", "\r\n\r\ny", 1)},
		{"another method", page, seenPage("HEAD /app/page?x=1 HTTP/1.1\r\n", told+notes)},
		{"another path", page, seenPage("GET /app/other?x=1 HTTP/1.1\r\n", told+notes)},
		{"another query", page, seenPage("GET /app/page?x=%31 HTTP/1.1\r\n", told+notes)},
		{"another value", page, seenPage(line, told+"X-Note: a\r\nX-Note: c\r\n")},
		{"values in another order", page, seenPage(line, told+"X-Note: b\r\nX-Note: a\r\n")},
		{"a header that is missing", page, seenPage(line, told)},
		{"a header that was invented", page, seenPage(line, told+notes+"Authorization: Basic x\r\n")},
		{"another host", page, strings.Replace(seenPage(line, told+notes), "Host: localhost\r\n", "Host: LOCALHOST\r\n", 1)},
		{"a client that says who it is", page, seenPage(line, strings.Replace(told, "127.0.0.1", "6.6.6.6", 1)+notes)},
		{"an alias of who it is", page, seenPage(line, told+"X_Forwarded_For: 6.6.6.6\r\n"+notes)},
		{"requests in another order", buy + page, seenPage(line, told+notes) + bought},
		{"a cut request made whole", strings.TrimSuffix(buy, "x"), bought},
		{"a trailer that is missing", trailed, seenTrailed("1\r\nx\r\n0\r\n\r\n")},
		{"another trailer", trailed, seenTrailed("1\r\nx\r\n0\r\nX-T: 2\r\n\r\n")},
	} {
		t.Run(c.name, func(t *testing.T) {
			door := oracle{scheme: "http", port: "80"}
			if door.unmeant(proxytest.Meant([]byte(c.sent)), proxytest.Meant([]byte(c.seen))) == "" {
				t.Errorf("sent %s\nseen %s", proxytest.Quote(c.sent), proxytest.Quote(c.seen))
			}
		})
	}
}

func TestTheOracleSeesPastWhatTheDoorMayChange(t *testing.T) {
	const odd = "GET /app/./p%61ge?x=%61 HTTP/1.1\r\nHost: localhost\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n" +
		"X-Forwarded-For: 6.6.6.6\r\nX_Note: 1\r\nTE: trailers, gzip\r\nx-note: a\r\nUser-Agent:\r\n\r\n"
	const seen = "GET /app/page?x=%61 HTTP/1.1\r\nHost: localhost\r\n" + told + "Te: trailers\r\nX-Note: a\r\n\r\n"
	door := oracle{scheme: "http", port: "80"}
	for sent, seen := range map[string]string{buy + odd: bought + seen, odd: seen, buy + buy: bought + bought, odd + buy: bought, buy: ""} {
		if problem := door.unmeant(proxytest.Meant([]byte(sent)), proxytest.Meant([]byte(seen))); problem != "" {
			t.Errorf("%s\nsent %s\nseen %s", problem, proxytest.Quote(sent), proxytest.Quote(seen))
		}
	}
	door.streams = true
	page := "GET / HTTP/1.1\r\nHost: localhost\r\n"
	if problem := door.unmeant(proxytest.Meant([]byte(buy+page+"\r\n")), proxytest.Meant([]byte(page+told+"\r\n"+bought))); problem != "" {
		t.Errorf("side by side: %s", problem)
	}
}

// What is wrong in any case is so of a server that is not as strict, too.
func TestTheOracleIsNotLenientWithWhatIsWrongInAnyCase(t *testing.T) {
	const faulty = "GET /app/page HTTP/1.1\nHost: localhost\r\n\r\n"
	door := oracle{scheme: "http", port: "80", lenient: true}
	for seen, good := range map[string]bool{
		bought: true, strings.Replace(bought, "localhost", "evil", 1): false, strings.Replace(bought, "/app/buy", "/admin", 1): false,
		strings.Replace(bought, "Content-Length: 1", "Content-Length: +1", 1): false,
	} {
		if problem := door.unmeant(proxytest.Meant([]byte(faulty)), proxytest.Meant([]byte(seen))); good != (problem == "") {
			t.Errorf("%q for %s", problem, proxytest.Quote(seen))
		}
	}
}
