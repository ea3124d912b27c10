package proxy

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestATunnelThatOpensDuringAReloadHearsOfIt(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		close(asked)
		<-answer
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		_, _ = io.Copy(io.Discard, c)
	}))
	defer s.Close()
	r := start(t, appPool(s.URL))
	_, from := r.byHand("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	<-asked
	if _, err := r.Reload(r.parse(strings.Replace(preamble+appPool(s.URL), `name = "all"`, `name = "other"`, 1))); err != nil {
		t.Fatal(err)
	}
	close(answer)
	all, err := io.ReadAll(from)
	if err != nil || !strings.Contains(string(all), reloaded) {
		t.Errorf("the tunnel of a route that is gone got %q, %v", all, err)
	}
}
