package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sterling/proxy"
)

type door struct{ ready bool }

func (d door) Ready() bool { return d.ready }

func (d door) Certificates() []proxy.CertificateReport {
	return []proxy.CertificateReport{{Names: []string{"www.example.org"}, Source: "file"}, {Names: []string{"www.example.org"}, Source: "acme", Failures: 2}}
}

func (d door) RenewCertificate(name string) error {
	if name != "www.example.org" {
		return &proxy.OrderError{Kind: proxy.UnknownCertificate, Problem: "none for " + name, Hint: "look"}
	}
	return nil
}

func (d door) RevokeCertificate(context.Context, string) error {
	return &proxy.OrderError{Kind: proxy.AuthorityRefuses, Problem: "the authority says no"}
}

func (d door) Status() proxy.Status {
	return proxy.Status{Version: "v9", Generation: 7, Pools: []proxy.PoolStatus{{Name: "app"}}}
}

// The orders say in the status what they were asked.
func (door) Drain(pool, backend string, o proxy.DrainOptions) (proxy.BackendStatus, error) {
	return said(pool, backend, "drain %s %v %v %v", o.Mode, o.Quiet, o.Timeout, o.Force)
}

func (door) Enable(pool, backend string) (proxy.BackendStatus, error) {
	return said(pool, backend, "enable")
}

func (door) Disable(pool, backend string, force bool) (proxy.BackendStatus, error) {
	return said(pool, backend, "disable %v", force)
}

func (door) SetWeight(pool, backend string, weight int, force bool) (proxy.BackendStatus, error) {
	return said(pool, backend, "weight %d %v", weight, force)
}

func said(pool, backend, format string, args ...any) (proxy.BackendStatus, error) {
	if pool != "app" {
		return proxy.BackendStatus{}, &proxy.OrderError{Kind: proxy.UnknownBackend, Problem: "there is no pool " + pool, Hint: "pools: app"}
	}
	return proxy.BackendStatus{Name: backend, Reason: fmt.Sprintf(format, args...)}, nil
}

func reloads(r proxy.Report, err error) Reload {
	return func(context.Context) (proxy.Report, error) { return r, err }
}

// ask sends one request to a handler on 127.0.0.1:9180 and decodes an error's JSON.
func ask(t *testing.T, o Options, method, path string, set ...string) (*httptest.ResponseRecorder, Refusal) {
	t.Helper()
	if o.Address == "" {
		o.Address = "127.0.0.1:9180"
	}
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	r.Host = "127.0.0.1:9180"
	for i := 0; i < len(set); i += 2 {
		if set[i] == "Host" {
			r.Host = set[i+1]
			continue
		}
		r.Header.Set(set[i], set[i+1])
	}
	w := httptest.NewRecorder()
	NewHandler(o).ServeHTTP(w, r)
	var refusal Refusal
	if w.Code >= 400 && strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(w.Body.Bytes(), &refusal); err != nil {
			t.Fatalf("%s %s: error answer is no JSON: %q", method, path, w.Body)
		}
	}
	return w, refusal
}

func TestProbesTellLiveAndReadyApart(t *testing.T) {
	for _, tt := range []struct {
		path  string
		ready bool
		want  int
	}{
		{"/livez", true, 200}, {"/livez", false, 200},
		{"/readyz", true, 200}, {"/readyz", false, 503},
	} {
		w, _ := ask(t, Options{Door: door{tt.ready}}, "GET", tt.path)
		if w.Code != tt.want {
			t.Errorf("GET %s, ready %v: %d, want %d", tt.path, tt.ready, w.Code, tt.want)
		}
	}
}

func TestStatusIsTheDoorsStatus(t *testing.T) {
	w, _ := ask(t, Options{Door: door{true}}, "GET", "/api/v1/status")
	var got proxy.Status
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Version != "v9" || got.Generation != 7 || len(got.Pools) != 1 || got.Pools[0].Name != "app" {
		t.Errorf("status = %+v", got)
	}
	if cc := w.Header().Get("Cache-Control"); cc != "no-store" {
		t.Errorf("Cache-Control = %q, want no-store", cc)
	}
}

func TestReloadPassesOnWhatItsCallerMayKnow(t *testing.T) {
	refusal := &Refusal{Problem: "the file is bad", Hint: "mend it", Problems: []string{"a:1: x", "a:2: y"}}
	busy := &Refusal{Status: http.StatusConflict, Problem: "busy"}
	for _, tt := range []struct {
		name   string
		reload Reload
		status int
		want   string
		not    string
	}{
		{"done", reloads(proxy.Report{Generation: 3, Changes: []string{"pool app: backend b4 added"}}, nil), 200, "backend b4 added", "problem"},
		{"bad file", reloads(proxy.Report{}, refusal), 422, "a:2: y", ""},
		{"in progress", reloads(proxy.Report{}, busy), 409, "busy", ""},
		{"unknown error", reloads(proxy.Report{}, errors.New("secret detail")), 500, "process log", "secret"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, _ := ask(t, Options{Door: door{true}, Reload: tt.reload}, "POST", "/api/v1/reload")
			body := w.Body.String()
			if w.Code != tt.status || !strings.Contains(body, tt.want) {
				t.Errorf("%d %s, want %d and %q", w.Code, body, tt.status, tt.want)
			}
			if tt.not != "" && strings.Contains(body, tt.not) {
				t.Errorf("body tells %q: %s", tt.not, body)
			}
		})
	}
}

func TestEveryErrorHasProblemAndHint(t *testing.T) {
	o := Options{Door: door{true}, Reload: reloads(proxy.Report{}, errors.New("no"))}
	guarded := o
	guarded.Token = "sesame"
	for _, tt := range []struct {
		o            Options
		method, path string
		set          []string
		want         int
	}{
		{o, "GET", "/nothing", nil, 404},
		{o, "GET", "/", nil, 404},
		{o, "GET", "/api/v1/reload", nil, 405},
		{o, "POST", "/api/v1/status", nil, 405},
		{o, "DELETE", "/livez", nil, 405},
		{o, "POST", "/api/v1/reload", nil, 500},
		{o, "GET", "/api/v1/status", []string{"Host", "rebound.example"}, 421},
		{o, "POST", "/api/v1/reload", []string{"Origin", "https://evil.example"}, 403},
		{guarded, "GET", "/api/v1/status", nil, 401},
	} {
		w, r := ask(t, tt.o, tt.method, tt.path, tt.set...)
		if w.Code != tt.want || r.Problem == "" || r.Hint == "" {
			t.Errorf("%s %s %v: %d %+v, want %d with problem and hint", tt.method, tt.path, tt.set, w.Code, r, tt.want)
		}
		if w.Code == 405 && w.Header().Get("Allow") == "" {
			t.Errorf("%s %s: 405 without Allow", tt.method, tt.path)
		}
	}
}
