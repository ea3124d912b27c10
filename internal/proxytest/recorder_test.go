package proxytest

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestRecorderKeepsEveryByteOfWellFormedRequests(t *testing.T) {
	CheckLeaks(t)
	rec := NewRecorder(t, nil)
	c := DialRaw(t, rec.Addr)
	first := "POST /a?b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n"
	second := "GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nx-a: 2\r\n\r\n"
	c.Send(first + second)
	for range 2 {
		if a, err := c.Answer("GET"); err != nil || a.Status != 200 || a.Body != "ok" {
			t.Fatalf("answer %v, %v", a, err)
		}
	}
	got := rec.Requests()
	if len(got) != 2 || string(got[0].Raw) != first || string(got[1].Raw) != second {
		t.Fatalf("recorded %v", got)
	}
	if r := got[0]; !r.WellFormed() || string(r.Body) != "abc" || len(r.Trailer) != 1 || r.Conn != 1 || r.Seq != 1 {
		t.Errorf("first request: %+v", r)
	}
	if r := got[1]; r.Get("X-A") != "1, 2" || r.Seq != 2 || len(r.Alias("x_a")) != 2 {
		t.Errorf("second request: %+v", r)
	}
	_ = c.Close()
}

func TestRecorderNotesEveryDepartureFromTheGrammar(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: x\r\n"
	for name, send := range map[string]string{
		"bare LF":                      "GET / HTTP/1.1\nHost: x\r\n\r\n",
		"no host":                      "GET / HTTP/1.1\r\n\r\n",
		"two hosts":                    "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
		"old version":                  "GET / HTTP/1.0\r\nHost: x\r\n\r\n",
		"fragment":                     "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n",
		"space in the target":          "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
		"space before the colon":       head + "Content-Length : 0\r\n\r\n",
		"empty name":                   head + ": x\r\n\r\n",
		"fold":                         head + "X-A: 1\r\n 2\r\n\r\n",
		"NUL":                          head + "X-A: a\x00b\r\n\r\n",
		"two lengths":                  head + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
		"length and coding":            head + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"odd coding":                   head + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
		"signed length":                head + "Content-Length: +1\r\n\r\nx",
		"hexadecimal length":           head + "Content-Length: 0x1\r\n\r\nx",
		"chunk with an extension":      head + "Transfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0\r\n\r\n",
		"chunk ends in LF":             head + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\n0\r\n\r\n",
		"chunk without its CRLF":       head + "Transfer-Encoding: chunked\r\n\r\n1\r\nx0\r\n\r\n",
		"chunk size that is no number": head + "Transfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			rec := NewRecorder(t, nil)
			c := DialRaw(t, rec.Addr)
			c.Send(send)
			if !c.Closed(patience) {
				t.Fatal("the connection stays open")
			}
			if got := rec.Requests(); len(got) != 1 || got[0].Fault == "" || got[0].WellFormed() {
				t.Errorf("recorded %v", got)
			}
		})
	}
}

func TestRecorderTellsARequestThatWasCut(t *testing.T) {
	rec := NewRecorder(t, nil)
	c := DialRaw(t, rec.Addr)
	c.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabc")
	_ = c.Close()
	Eventually(t, "the record of a cut request", func() bool { return len(rec.Requests()) == 1 })
	if r := rec.Requests()[0]; r.Complete || r.Fault != "" || string(r.Body) != "abc" {
		t.Errorf("recorded %v", r)
	}
}

func TestRecorderAnswersEarly(t *testing.T) {
	CheckLeaks(t)
	rec := NewRecorder(t, nil)
	rec.Early = func(head *Recorded) Reply {
		if head.Method == "GET" {
			return Reply{}
		}
		return Reply{Raw: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly", Close: head.Target == "/leave"}
	}
	c := DialRaw(t, rec.Addr)
	for _, step := range []struct{ send, want string }{
		{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n", "early"},
		{"bodyGET / HTTP/1.1\r\nHost: x\r\n\r\n", "ok"},
		{"POST /leave HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n", "early"},
	} {
		c.Send(step.send)
		if a, err := c.Answer("POST"); err != nil || a.Body != step.want {
			t.Fatalf("answer %v, %v; want %s", a, err, step.want)
		}
	}
	if !c.Closed(patience) {
		t.Error("the connection stays open")
	}
	got := rec.Requests()
	if len(got) != 3 || !got[0].WellFormed() || string(got[0].Body) != "body" || !got[1].WellFormed() || got[2].Complete {
		t.Errorf("recorded %v", got)
	}
}

func TestCounterCountsDeliveriesById(t *testing.T) {
	a, b := NewCounter(t, "a", nil), NewCounter(t, "b", nil)
	send := func(c *Counter, id string) {
		t.Helper()
		req, _ := http.NewRequest(http.MethodPost, c.URL, strings.NewReader("x")) //nolint:noctx // a test
		req.Header.Set(TestID, id)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if body, _ := io.ReadAll(res.Body); string(body) != c.Name || res.Header.Get("X-Backend") != c.Name {
			t.Errorf("answer %q", body)
		}
		_ = res.Body.Close()
	}
	send(a, "1")
	send(b, "1")
	send(b, "2")
	if got := Twice(a, b); len(got) != 1 || got[0] != "1" || b.Total() != 2 || a.Delivered("2") != 0 {
		t.Errorf("twice %v, total %d", got, b.Total())
	}
}
