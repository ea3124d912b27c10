package proxy

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

func TestAVisitorStaysWithTheBackendThatKnowsHim(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		r := start(t, appPool(named(t, "one").URL, named(t, "two").URL, named(t, "three").URL))
		seen := make(map[string]bool)
		for range 6 {
			c := m.client(t)
			res, first := get(t, c, r.url(m))
			if n := len(res.Header["Set-Cookie"]); n != 1 {
				t.Fatalf("%d Set-Cookie on the first answer", n)
			}
			seen[first] = true
			for range 5 {
				res, again := get(t, c, r.url(m))
				if again != first || res.Header["Set-Cookie"] != nil {
					t.Fatalf("moved from %s to %s, or got another cookie", first, again)
				}
			}
		}
		if len(seen) != 3 {
			t.Errorf("6 visitors met %d backends of 3", len(seen))
		}
		counts := make(map[any]int)
		for _, l := range r.lines() {
			counts[l["affinity"]]++
		}
		if counts["new"] != 6 || counts["hit"] != 30 {
			t.Errorf("logged %v, want 6 new and 30 hit", counts)
		}
	})
}

func TestADeadBackendsVisitorIsMoved(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		one, two := named(t, "one"), named(t, "two")
		r := start(t, appPool(one.URL, two.URL))
		c := m.client(t)
		_, first := get(t, c, r.url(m))
		dead, other := one, "two"
		if first == "two" {
			dead, other = two, "one"
		}
		dead.Close()
		res, err := c.Post(r.url(m), "text/plain", strings.NewReader(strings.Repeat("x", 1<<20)))
		if err != nil {
			t.Fatal(err)
		}
		if got := bodyOf(t, res); got != other {
			t.Errorf("a POST of 1 MiB got %d %q, want it from %s", res.StatusCode, got, other)
		}
		if n := len(res.Header["Set-Cookie"]); n != 1 {
			t.Errorf("%d Set-Cookie on the answer of the new backend", n)
		}
		lines := r.lines()
		last := lines[len(lines)-1]
		if last["affinity"] != "moved" || len(last["attempts"].([]any)) != 2 || last["end"] != "ok" {
			t.Errorf("logged %v", last)
		}
	})
}

func TestTheBackendNeverSeesTheCookie(t *testing.T) {
	var got atomic.Value
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got.Store(strings.Join(r.Header["Cookie"], "|"))
	}))
	defer s.Close()
	inAllModes(t, func(t *testing.T, m mode) {
		r := start(t, appPool(s.URL))
		c := m.client(t)
		res, _ := get(t, c, r.url(m))
		own := strings.SplitN(res.Header.Get("Set-Cookie"), ";", 2)[0]
		req, _ := http.NewRequest(http.MethodGet, r.url(m), nil)
		req.Header.Set("Cookie", `a=1; `+own+`; b="two words"`)
		c.Jar = nil
		res, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		bodyOf(t, res)
		if got.Load() != `a=1; b="two words"` {
			t.Errorf("the backend saw %q", got.Load())
		}
	})
}

func TestRefusals(t *testing.T) {
	r := start(t, strings.Replace(appPool(named(t, "one").URL), `name = "all"`, `name = "all"
hosts = ["door.example"]
paths = ["/app"]
max_body = "10"`, 1))
	for _, tt := range []struct {
		name, method, host, path, body string
		status                         int
		end                            string
	}{
		{"good", "GET", "door.example", "/app/x", "", 200, "ok"},
		{"no such host", "GET", "other.example", "/app", "", 404, "no_route"},
		{"no such path", "GET", "door.example", "/apple", "", 404, "no_route"},
		{"encoded slash", "GET", "door.example", "/app/x%2fy", "", 400, "bad_target"},
		{"out of the prefix", "GET", "door.example", "/app/../x", "", 404, "no_route"},
		{"body too large", "POST", "door.example", "/app", "12345678901", 413, "body_too_large"},
		{"trace", "TRACE", "door.example", "/app", "", 405, "method_refused"},
		{"long target", "GET", "door.example", "/app?" + strings.Repeat("x", 9000), "", 414, "uri_too_long"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := modes[0]
			req, _ := http.NewRequest(tt.method, r.url(m), strings.NewReader(tt.body))
			req.URL.Opaque = tt.path
			req.Host = tt.host
			res, err := m.client(t).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			got := bodyOf(t, res)
			if res.StatusCode != tt.status {
				t.Errorf("status %d, want %d", res.StatusCode, tt.status)
			}
			if tt.status != 200 && !strings.Contains(got, res.Header.Get("X-Request-Id")) {
				t.Errorf("the request id is not in %q", got)
			}
		})
	}
	var ends []string
	for _, l := range r.lines() {
		ends = append(ends, l["end"].(string))
	}
	want := []string{"ok", "no_route", "no_route", "bad_target", "no_route", "body_too_large", "method_refused", "uri_too_long"}
	if !slices.Equal(ends, want) {
		t.Errorf("ends logged: %v, want %v", ends, want)
	}
}

func TestOldAndOddRequests(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a>")
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.WriteString(w, r.Method+" "+r.RequestURI)
	}))
	defer s.Close()
	r := start(t, appPool(s.URL))
	for _, tt := range []struct{ send, want string }{
		{"GET /a HTTP/1.0\r\n\r\n", "HTTP/1.0 200 OK|GET /a"}, // no host, and no 103
		// The test's backend answers this one by itself.
		{"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK|Set-Cookie"},
	} {
		c, err := net.Dial("tcp", r.Addr("plain").String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, tt.send)
		all, err := io.ReadAll(c)
		_ = c.Close()
		first, last, _ := strings.Cut(tt.want, "|")
		if err != nil || !strings.HasPrefix(string(all), first+"\r\n") || !strings.Contains(string(all), last) {
			t.Errorf("%q: %v, %q", tt.send, err, all)
		}
	}
	if n := len(r.lines()); n != 2 {
		t.Errorf("%d lines in the access log, want 2", n)
	}
}

// cutRequests differ in who forwards them, see exchange.usual.
var cutRequests = map[string]func(*http.Request){
	"without a body": func(*http.Request) {},
	"with trailers": func(r *http.Request) {
		r.Method, r.Body, r.ContentLength = http.MethodPost, io.NopCloser(strings.NewReader("body")), -1
		r.Trailer = http.Header{"X-Sum": {"1"}}
	},
	"with an expectation": func(r *http.Request) {
		r.Method, r.Body, r.ContentLength = http.MethodPost, io.NopCloser(strings.NewReader("body")), 4
		r.Header.Set("Expect", "100-continue")
	},
}

func TestACutAnswerIsNeverACompleteOne(t *testing.T) {
	cut := func(length string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			if length != "" {
				w.Header().Set("Content-Length", length)
			}
			_, _ = io.WriteString(w, strings.Repeat("x", 50000))
			panic(http.ErrAbortHandler)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	sized, chunked := cut("100000"), cut("")
	inAllModes(t, func(t *testing.T, m mode) {
		for name, change := range cutRequests {
			for _, backend := range []string{sized, chunked} {
				r := start(t, appPool(backend))
				req, _ := http.NewRequest(http.MethodGet, r.url(m), nil)
				change(req)
				res, err := m.client(t).Do(req)
				if err == nil {
					_, err = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
				}
				if err == nil {
					t.Errorf("%s: half an answer was taken for a whole one", name)
				}
				lines := r.lines()
				if len(lines) != 1 || lines[0]["end"] != "backend_cut" {
					t.Errorf("%s: logged %v", name, lines)
				}
			}
		}
	})
}
