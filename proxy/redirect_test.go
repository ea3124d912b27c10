package proxy

import (
	"io"
	"strings"
	"testing"
)

func TestARequestWithoutAHostIsNotRedirected(t *testing.T) {
	r := startWith(t, strings.Replace(preamble, `protocol = "http"`, "protocol = \"http\"\nredirect_https = true", 1)+
		appPool(named(t, "one").URL))
	_, from := r.byHand("GET /a HTTP/1.0\r\n\r\n")
	if all, _ := io.ReadAll(from); !strings.HasPrefix(string(all), "HTTP/1.0 400 ") {
		t.Errorf("there is nowhere to send it to, got %q", all)
	}
}
