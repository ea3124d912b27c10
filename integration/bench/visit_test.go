package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// front is a stand-in for a candidate that keeps a visitor with the cookie
// pin=b1 on b1. A fault makes it do one thing wrong.
func front(t *testing.T, fault string) string {
	visits := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visits++
		if r.Header.Get("Cookie") != "pin=b1" || fault == "cookie" {
			w.Header().Set("Set-Cookie", "pin=b1; Path=/")
		}
		switch {
		case fault == "status":
			w.WriteHeader(http.StatusBadGateway)
		case r.URL.Path == "/who" && fault == "moves":
			_, _ = w.Write([]byte{'b', '0' + byte(visits%2)})
		case r.URL.Path == "/who":
			_, _ = w.Write([]byte("b1"))
		case fault == "body":
			_, _ = w.Write(smallBody[1:])
		default:
			_, _ = w.Write(smallBody)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestAVisitorBecomesOneThatComesBack(t *testing.T) {
	cookie, err := become(t.Context(), front(t, ""))
	if err != nil || cookie != "pin=b1" {
		t.Errorf("got %q, %v", cookie, err)
	}
}

func TestAnswersAreExamined(t *testing.T) {
	for fault, want := range map[string]string{
		"": "", "status": "502", "body": "871", "cookie": "another cookie", "moves": "was sent to",
	} {
		err := examine(t.Context(), front(t, fault), "/", "pin=b1")
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", fault, err)
		}
	}
}
