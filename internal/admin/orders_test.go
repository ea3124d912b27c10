package admin

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"sterling/proxy"
)

func TestOrdersReachTheDoor(t *testing.T) {
	s := start(t, Options{Address: "127.0.0.1:0", Door: door{true}})
	c, err := NewClient(s.Addr().String(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		order string
		given url.Values
		want  string
	}{
		{"drain", nil, "drain  0s 0s false"},
		{"drain", url.Values{"mode": {"when-idle"}, "quiet": {"1m"}, "timeout": {"30m"}, "force": {"true"}}, "drain when-idle 1m0s 30m0s true"},
		{"enable", nil, "enable"},
		{"disable", url.Values{"force": {"true"}}, "disable true"},
		{"weight", url.Values{"weight": {"3"}}, "weight 3 false"},
	} {
		st, err := c.Order(t.Context(), "app", "b 1/x", tc.order, tc.given)
		if err != nil || st.Reason != tc.want || st.Name != "b 1/x" {
			t.Errorf("%s %v: %+v, %v; want %q", tc.order, tc.given, st, err, tc.want)
		}
	}
}

func TestAnOrderMayBeJSON(t *testing.T) {
	h := NewHandler(Options{Address: "127.0.0.1:9180", Door: door{true}})
	post := func(kind, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:9180/api/v1/pools/app/backends/b1/drain", strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	w := post("application/json; charset=utf-8", `{"mode":"now","force":true}`)
	var st proxy.BackendStatus
	if err := json.Unmarshal(w.Body.Bytes(), &st); err != nil || w.Code != 200 || st.Reason != "drain now 0s 0s true" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, tc := range [][2]string{
		{"text/plain", `{"mode":"now"}`}, {"application/json", `[1]`}, {"application/json", `{"mode":`},
		{"application/json", `{"mood":"now"}`}, {"application/json", `{"mode":"` + strings.Repeat("x", maxOrder) + `"}`},
	} {
		if w := post(tc[0], tc[1]); w.Code != http.StatusBadRequest {
			t.Errorf("%.40q: %d %s", tc, w.Code, w.Body)
		}
	}
}

func TestBadOrdersAreRefused(t *testing.T) {
	o := Options{Address: "127.0.0.1:9180", Door: door{true}}
	for _, tc := range []struct {
		method, path string
		status       int
		word         string
	}{
		{"GET", "app/backends/b1/drain", 405, "POST"},
		{"POST", "app/backends/b1/destroy", 404, "destroy"},
		{"POST", "other/backends/b1/drain", 404, "other"},
		{"POST", "app/backends/b1/drain?timeout=soon", 400, "timeout"},
		{"POST", "app/backends/b1/drain?weight=3", 400, "weight"},
		{"POST", "app/backends/b1/enable?force=true", 400, "force"},
		{"POST", "app/backends/b1/drain?mode=keep&mode=now", 400, "mode"},
		{"POST", "app/backends/b1/weight", 400, "weight"},
		{"POST", "app/backends/b1/weight?weight=many", 400, "many"},
		{"POST", "app/backends/b1/drain?%zz", 400, "query"},
	} {
		w, r := ask(t, o, tc.method, "/api/v1/pools/"+tc.path)
		if w.Code != tc.status || !strings.Contains(r.Problem+r.Hint, tc.word) || r.Hint == "" {
			t.Errorf("%s: %d %+v", tc.path, w.Code, r)
		}
	}
}

func TestOrdersNeedTheToken(t *testing.T) {
	o := Options{Address: "127.0.0.1:9180", Token: "sesame", Door: door{true}}
	if w, _ := ask(t, o, "POST", "/api/v1/pools/app/backends/b1/disable"); w.Code != http.StatusUnauthorized {
		t.Errorf("without the token: %d", w.Code)
	}
}
