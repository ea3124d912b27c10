package proxy

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestBrowsersAreToldToStayWithHTTPS(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		t.Parallel()
		own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/own" {
				w.Header().Set("Strict-Transport-Security", "max-age=1")
			}
		}))
		t.Cleanup(own.Close)
		toml := strings.Replace(appPool(own.URL), `name = "all"`, "name = \"all\"\nhsts = \"8760h\"\nhsts_subdomains = true", 1)
		listed := "[[route]]\npaths = [\"/listed\"]\nhsts = \"17520h\"\nhsts_subdomains = true\nhsts_preload = true\npool = \"app\"\n"
		dead := "[[route]]\npaths = [\"/dead\"]\nhsts = \"1m\"\npool = \"dead\"\n[[route]]\npaths = [\"/none\"]\npool = \"app\"\n" +
			"[[pool]]\nname = \"dead\"\n[[pool.backend]]\nname = \"b1\"\nurl = \"http://127.0.0.1:1\"\n"
		r := start(t, toml+listed+dead)
		for path, want := range map[string]string{
			"/": "max-age=31536000; includeSubDomains", "/own": "max-age=31536000; includeSubDomains", "/dead": "max-age=60", "/none": "",
			"/listed": "max-age=63072000; includeSubDomains; preload",
		} {
			res, _ := get(t, m.client(t), r.url(m)+path)
			if !strings.HasPrefix(r.url(m), "https") {
				want = map[string]string{"/own": "max-age=1"}[path] // the backend's own word is its own affair
			}
			if got := strings.Join(res.Header.Values("Strict-Transport-Security"), "|"); got != want {
				t.Errorf("%s: %q, want %q", path, got, want)
			}
		}
	})
}

func TestAFrontThatEndsTLSCountsAsHTTPS(t *testing.T) {
	one := named(t, "one")
	toml := strings.Replace(preamble+appPool(one.URL), `name = "all"`, "name = \"all\"\nhsts = \"1h\"", 1)
	toml = strings.Replace(toml, "name     = \"plain\"", "name     = \"plain\"\ntrusted_proxies = [\"127.0.0.1\"]", 1)
	r := startWith(t, toml)
	for proto, want := range map[string]string{"https": "max-age=3600", "http": ""} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url(modes[0]), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Forwarded-Proto", proto)
		req.Header.Set("X-Forwarded-For", "192.0.2.1")
		res, err := modes[0].client(t).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = bodyOf(t, res)
		if got := res.Header.Get("Strict-Transport-Security"); got != want {
			t.Errorf("%s: %q, want %q", proto, got, want)
		}
	}
}
