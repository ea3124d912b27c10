package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestEveryRequestOfTheHandshakesHasAFullOne(t *testing.T) {
	var requests, resumed, other atomic.Int64
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if r.TLS.DidResume {
			resumed.Add(1)
		}
		if r.Header.Get("Cookie") != "a=b" || !r.Close {
			other.Add(1)
		}
		_, _ = w.Write(smallBody)
	}))
	defer s.Close()
	var out bytes.Buffer
	if err := shake([]string{"-c", "2", "-d", "50ms", "-H", "Cookie: a=b", s.URL + "/"}, &out); err != nil {
		t.Fatal(err)
	}
	o, err := parseOwn(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if o.Requests == 0 || o.Requests != requests.Load() || resumed.Load() > 0 || other.Load() > 0 {
		t.Errorf("%+v; the server saw %d requests, %d resumed, %d not as asked", o, requests.Load(), resumed.Load(), other.Load())
	}
	if o.Bytes != o.Requests*smallSize || o.P50 <= 0 || o.P99 < o.P50 {
		t.Errorf("got %+v", o)
	}
}

func TestABadAnswerEndsTheHandshakes(t *testing.T) {
	s := httptest.NewTLSServer(http.NotFoundHandler())
	defer s.Close()
	var out bytes.Buffer
	if err := shake([]string{"-d", "10s", s.URL + "/"}, &out); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("got %v, %s", err, out.String())
	}
}
