package proxy

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Both ways of forwarding take the headers of one hop out of a 103, too.
func TestA103KeepsToItself(t *testing.T) {
	s := hasty(t, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\n\r\n"+
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
	r := start(t, appPool(s.URL))
	for name, request := range map[string]string{
		"usual":          "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"an expectation": "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody",
	} {
		t.Run(name, func(t *testing.T) {
			_, from := r.byHand(request)
			var head strings.Builder
			for !strings.Contains(head.String(), "hi") {
				b, err := from.ReadByte()
				if err != nil {
					t.Fatalf("%v after %q", err, head.String())
				}
				head.WriteByte(b)
			}
			hints, _, _ := strings.Cut(head.String(), "HTTP/1.1 200")
			if !strings.Contains(hints, "103 Early Hints\r\n") || !strings.Contains(hints, "Link: </a>\r\n") {
				t.Errorf("no hints: %q", hints)
			}
			for _, gone := range []string{"X-Hop", "Keep-Alive"} {
				if strings.Contains(hints, gone) {
					t.Errorf("%s was passed on: %q", gone, hints)
				}
			}
		})
	}
}

// An HTTP/1.0 client cannot wait for a 100 (RFC 9110, section 10.1.1): nobody
// behind is made to wait for it either.
func TestAnExpectationOfHTTP10IsIgnored(t *testing.T) {
	got := make(chan http.Header, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header.Clone()
		_, _ = io.Copy(w, r.Body)
	}))
	defer s.Close()
	r := start(t, appPool(s.URL))
	_, from := r.byHand("POST / HTTP/1.0\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody")
	res, err := http.ReadResponse(from, nil)
	if err != nil {
		t.Fatal(err)
	}
	if b := bodyOf(t, res); res.StatusCode != http.StatusOK || b != "body" {
		t.Errorf("%d %q", res.StatusCode, b)
	}
	if h := <-got; h.Get("Expect") != "" {
		t.Errorf("the backend was told to expect: %v", h)
	}
}

func TestTheLineOfARefusedHeadIsBounded(t *testing.T) {
	r := start(t, appPool(hasty(t, "").URL))
	_, from := r.byHand("GET /" + strings.Repeat("a", 60<<10) + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
	res, err := http.ReadResponse(from, nil)
	if err != nil || res.StatusCode != http.StatusRequestURITooLong {
		t.Fatalf("%v, %v", res, err)
	}
	body := bodyOf(t, res)
	lines := r.lines()
	if len(lines) != 1 {
		t.Fatalf("%d lines", len(lines))
	}
	if n := len(lines[0]["path"].(string)); n > mostRefused+len("…") {
		t.Errorf("%d bytes of the path are logged", n)
	}
	if n := lines[0]["bytes_out"].(float64); int(n) != len(body) {
		t.Errorf("bytes_out %v, want %d", n, len(body))
	}
}
