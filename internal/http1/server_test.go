package http1

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

const plainGet = "GET /a?b HTTP/1.1\r\nHost: app.example\r\nUser-Agent: test\r\n\r\n"

func TestRequestsAreAnsweredOneAfterTheOther(t *testing.T) {
	c := handle(t, echo).call()
	for range 3 {
		c.say(plainGet)
		res, body := c.hear("GET")
		if res.StatusCode != 200 || body != "GET /a?b app.example\nUser-Agent: test\r\n" || res.Close || res.Header.Get("Date") == "" {
			t.Fatalf("got %d %q, %v", res.StatusCode, body, res.Header)
		}
	}
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	c := handle(t, echo).call()
	c.say(plainGet + "POST /2 HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\n\r\nhello" +
		"POST /3 HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" + plainGet)
	for _, want := range []string{"GET /a?b app.example\nUser-Agent: test\r\n", "POST /2 b\nContent-Length: 5\r\nhello", "POST /3 c\nabcde", "GET /a?b app.example\nUser-Agent: test\r\n"} {
		if _, body := c.hear("GET"); body != want {
			t.Errorf("got %q, want %q", body, want)
		}
	}
}

func TestALargeAnswerIsChunked(t *testing.T) {
	f := handle(t, func(w http.ResponseWriter, r *http.Request) {
		for range 1000 {
			_, _ = io.WriteString(w, "0123456789")
		}
	})
	c := f.call()
	for range 2 {
		c.say(plainGet)
		res, body := c.hear("GET")
		if res.ContentLength != -1 || body != strings.Repeat("0123456789", 1000) {
			t.Errorf("got a length of %d and %d bytes", res.ContentLength, len(body))
		}
	}
}
