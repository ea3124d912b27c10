package proxy

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// byHand is a connection to the plain listener on which a test writes and
// reads for itself, for 20 seconds at most.
func (r *running) byHand(send string) (net.Conn, *bufio.Reader) {
	r.t.Helper()
	c, err := net.Dial("tcp", r.Addr("plain").String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(c, send); err != nil {
		r.t.Fatal(err)
	}
	return c, bufio.NewReader(c)
}

// hasty is a backend that answers before it has read a body, and hangs up.
func hasty(t *testing.T, answer string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_, _ = io.WriteString(c, answer)
		_ = c.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, c)
	}))
	t.Cleanup(s.Close)
	return s
}

const halfAnUpload = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf"

func TestAnAnswerBeforeTheEndOfTheBodyIsPassedOnAtOnce(t *testing.T) {
	s := hasty(t, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
	r := start(t, appPool(s.URL))
	_, from := r.byHand(halfAnUpload)
	res, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatalf("waiting for the answer: %v", err)
	}
	if got := bodyOf(t, res); res.StatusCode != http.StatusForbidden || got != "no" || !res.Close {
		t.Errorf("got %d %q, closing %v; want 403 and an end of the connection", res.StatusCode, got, res.Close)
	}
	if n, err := io.Copy(io.Discard, from); n > 0 || err != nil {
		t.Errorf("the connection did not end: %d bytes, %v", n, err)
	}
	if lines := r.lines(); len(lines) != 1 || lines[0]["end"] != "ok" || lines[0]["status"] != 403.0 {
		t.Errorf("logged %v", lines)
	}
}

func TestNobodyWaitsForTheBodyOfARefusedRequest(t *testing.T) {
	r := start(t, strings.Replace(appPool(named(t, "one").URL), `name = "all"`, "name = \"all\"\nhosts = [\"door.example\"]", 1))
	_, from := r.byHand(halfAnUpload)
	all, err := io.ReadAll(from)
	if err != nil || !strings.HasPrefix(string(all), "HTTP/1.1 404 ") {
		t.Errorf("got %q, %v; want a 404 and an end", all, err)
	}
}

func TestACutAnswerReachesAClientThatStillSends(t *testing.T) {
	s := hasty(t, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
	r := start(t, appPool(s.URL))
	_, from := r.byHand(halfAnUpload)
	res, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatalf("waiting for the answer: %v", err)
	}
	if n, err := io.Copy(io.Discard, res.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the answer ended after %d bytes with %v", n, err)
	}
}

func TestAConnectionIsKeptAfterAWholeBody(t *testing.T) {
	r := start(t, appPool(named(t, "one").URL)) // which reads no body before it answers
	c, from := r.byHand("")
	for range 50 {
		if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nbody"); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(from, nil)
		if err != nil {
			t.Fatal(err)
		}
		if bodyOf(t, res); res.Close {
			t.Fatal("the connection was not kept")
		}
	}
}

// echoing answers each piece of a body when it comes.
func echoing(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex()
		buf := make([]byte, 100)
		for {
			n, err := r.Body.Read(buf)
			_, _ = w.Write(buf[:n])
			_ = control.Flush()
			if err != nil {
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func TestABodyThatBreaksUnderTheAnswerIsTheClientsFault(t *testing.T) {
	r := start(t, appPool(echoing(t).URL))
	c, from := r.byHand("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
	res, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadFull(res.Body, make([]byte, 5)); err != nil {
		t.Fatalf("waiting for the echo: %v", err)
	}
	_, _ = io.WriteString(c, "no size\r\n")
	if _, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Error("the answer ended as if it were whole")
	}
	if lines := r.lines(); len(lines) != 1 || lines[0]["end"] != "bad_body" {
		t.Errorf("logged %v, want bad_body", lines)
	}
}

func TestWhatConcernsTheBackendsConnectionAloneIsNotInAnEarlyHint(t *testing.T) {
	s := hasty(t, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n\r\n"+
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
	r := start(t, appPool(s.URL))
	_, from := r.byHand("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	head := ""
	for !strings.HasSuffix(head, "\r\n\r\n") {
		line, err := from.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		head += line
	}
	if head != "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" {
		t.Errorf("got %q", head)
	}
}
