package demo

import (
	"net/http/httptest"
	"testing"
)

func TestButtonsWorkForThePageAlone(t *testing.T) {
	h := startHerd(t)
	handler := (&control{herd: h, token: "token"}).handler()
	for _, tt := range []struct {
		name, method, path string
		header             map[string]string
		want               int
	}{
		{"the page", "POST", "/demo/servers/ada/stop", map[string]string{"X-Demo-Token": "token", "Origin": "https://localhost:8443"}, 200},
		{"no token", "POST", "/demo/servers/boole/stop", nil, 403},
		{"wrong token", "POST", "/demo/servers/boole/stop", map[string]string{"X-Demo-Token": "Token"}, 403},
		{"another origin", "POST", "/demo/servers/boole/stop", map[string]string{"X-Demo-Token": "token", "Origin": "https://evil.example"}, 403},
		{"another site", "POST", "/demo/servers/boole/stop", map[string]string{"X-Demo-Token": "token", "Sec-Fetch-Site": "cross-site"}, 403},
		{"a link", "GET", "/demo/servers/boole/stop", map[string]string{"X-Demo-Token": "token"}, 405},
		{"no such server", "POST", "/demo/servers/eve/stop", map[string]string{"X-Demo-Token": "token"}, 409},
		{"no such action", "POST", "/demo/servers/boole/explode", map[string]string{"X-Demo-Token": "token"}, 409},
		{"the table", "GET", "/demo/state", nil, 200},
	} {
		r := httptest.NewRequestWithContext(t.Context(), tt.method, tt.path, nil)
		r.Host = "localhost:8443"
		for k, v := range tt.header {
			r.Header.Set(k, v)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, w.Code, tt.want)
		}
	}
	if state, _ := h.children[0].process(); state != stopped {
		t.Errorf("ada is %s, want it stopped", state)
	}
	if state, _ := h.children[1].process(); state != running {
		t.Errorf("boole is %s, want it running", state)
	}
}

func TestAnotherPortIsOneThatCanBeHad(t *testing.T) {
	for port, want := range map[string]string{"8443": "9443", "443": "8443", "65000": "64000", "0": "0", "x": "0"} {
		if got := another(port); got != want {
			t.Errorf("another(%s) = %s, want %s", port, got, want)
		}
	}
}
