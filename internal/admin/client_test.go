package admin

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestTheClientKnowsAnotherServer(t *testing.T) {
	for name, serve := range map[string]http.HandlerFunc{
		"not found":  http.NotFound,
		"some page":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "backend b1") },
		"other JSON": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, `{"error":"no"}`, http.StatusForbidden) },
	} {
		s := httptest.NewServer(serve)
		c, err := NewClient(strings.TrimPrefix(s.URL, "http://"), "")
		if err != nil {
			t.Fatal(err)
		}
		_, status := c.Status(t.Context())
		for _, err := range []error{status, c.Ready(t.Context())} {
			if err == nil || !strings.Contains(err.Error(), s.Listener.Addr().String()+" is no admin side of Sterling") {
				t.Errorf("%s: %v", name, err)
			}
		}
		s.Close()
	}
}

func TestTheClientSaysThatNobodyIsThere(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "unix:" + t.TempDir() + "/none.sock"} {
		c, err := NewClient(address, "")
		if err != nil {
			t.Fatal(err)
		}
		err = c.Ready(t.Context())
		want := "no admin side of Sterling answers at " + strings.TrimPrefix(address, "unix:")
		if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), "; is it running, and is [admin] set?") || strings.Contains(err.Error(), "dial") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
