package demo

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func visitWith(t *testing.T, a *application, cookies []*http.Cookie) (visit, []*http.Cookie) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/visit", nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	a.handler().ServeHTTP(w, r)
	var v visit
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("answer %q: %v", w.Body, err)
	}
	return v, w.Result().Cookies()
}

func TestApplicationKnowsVisitorsFromItsOwnMemoryOnly(t *testing.T) {
	ada, boole := newApplication("ada", 1, "token"), newApplication("boole", 2, "token")
	v, cookies := visitWith(t, ada, nil)
	if v != (visit{"ada", 1, 1}) || len(cookies) != 1 {
		t.Fatalf("first visit: %+v with %v", v, cookies)
	}
	v, again := visitWith(t, ada, cookies)
	if v.Visits != 2 || len(again) != 0 {
		t.Errorf("second visit: %+v with %v", v, again)
	}
	v, other := visitWith(t, boole, cookies)
	if v != (visit{"boole", 2, 1}) || len(other) != 1 || other[0].Value == cookies[0].Value {
		t.Errorf("a visit elsewhere: %+v with %v", v, other)
	}
}

func TestApplicationForgetsRatherThanGrowsWithoutEnd(t *testing.T) {
	a := newApplication("ada", 1, "token")
	for range maxVisitors + 10 {
		visitWith(t, a, nil)
	}
	if n := len(a.visits); n > maxVisitors {
		t.Errorf("remembers %d visitors", n)
	}
}

func TestPageEscapesWhatTheClientSent(t *testing.T) {
	a := newApplication("ada", 1, "token")
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Header.Set("X-Evil", "<script>alert(1)</script>")
	w := httptest.NewRecorder()
	a.handler().ServeHTTP(w, r)
	if body := w.Body.String(); strings.Contains(body, "<script>alert") || !strings.Contains(body, "&lt;script&gt;") {
		t.Error("a header got into the page as it was")
	}
	csp := w.Header().Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("Content-Security-Policy = %q", csp)
	}
	if strings.Contains(w.Body.String(), "http://") || strings.Contains(w.Body.String(), "https://") {
		t.Error("the page names a resource elsewhere")
	}
}
