package proxy

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// whileFull occupies the visitor's backend, which takes one request at a time,
// and returns what the visitor gets.
func whileFull(t *testing.T, whenFull string) (*http.Response, string) {
	t.Helper()
	busy := make(chan struct{}, 1)
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			busy <- struct{}{}
			<-release
		}
		_, _ = io.WriteString(w, "one")
	}))
	t.Cleanup(slow.Close)
	toml := strings.Replace(appPool(slow.URL, named(t, "two").URL), `policy = "round_robin"`,
		"policy = \"first\"\nwhen_full = \""+whenFull+"\"", 1)
	toml = strings.Replace(toml, `name = "b1"`, "name = \"b1\"\nmax_in_flight = 1", 1)
	r := start(t, toml)
	defer close(release)
	c := modes[0].client(t)
	if _, first := get(t, c, r.url(modes[0])); first != "one" {
		t.Fatalf("began at %s", first)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, r.url(modes[0])+"/slow", nil)
	go func() {
		if res, err := c.Do(req); err == nil {
			_ = res.Body.Close()
		}
	}()
	<-busy
	return get(t, c, r.url(modes[0]))
}

func TestAPinnedVisitorOfAFullBackend(t *testing.T) {
	if res, body := whileFull(t, "move"); body != "two" || res.Header["Set-Cookie"] == nil {
		t.Errorf("move: %d %q, want to be moved to two", res.StatusCode, body)
	}
	if res, body := whileFull(t, "fail"); res.StatusCode != 503 || res.Header.Get("Retry-After") == "" {
		t.Errorf("fail: %d %q, want 503 with Retry-After", res.StatusCode, body)
	}
}
