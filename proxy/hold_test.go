package proxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sterling/backend"
	"sterling/internal/proxytest"
)

// mortal is a backend that a test ends and has come back at the same address.
// It answers with its name, the request's body and its header X-Rule.
type mortal struct {
	t       *testing.T
	name    string
	address string // "": it was never alive
	served  atomic.Int32
	server  *httptest.Server // nil: it is dead
}

func newMortal(t *testing.T, name string) *mortal {
	t.Helper()
	m := &mortal{t: t, name: name}
	m.rise()
	t.Cleanup(m.die)
	return m
}

func (m *mortal) url() string { return "http://" + m.address }

func (m *mortal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.served.Add(1)
	body, _ := io.ReadAll(r.Body) // what came of it is compared
	_, _ = fmt.Fprintf(w, "%s%s%s", m.name, body, r.Header.Get("X-Rule"))
}

func (m *mortal) rise() {
	m.t.Helper()
	var l net.Listener
	if m.address == "" {
		l = proxytest.Listen(m.t)
		m.address = l.Addr().String()
	} else {
		var err error
		if l, err = net.Listen("tcp", m.address); err != nil { //nolint:noctx // it does not wait
			m.t.Fatal(err)
		}
	}
	m.server = httptest.NewUnstartedServer(m)
	_ = m.server.Listener.Close()
	m.server.Listener = l
	m.server.Start()
}

func (m *mortal) die() {
	if m.server != nil {
		m.server.CloseClientConnections()
		m.server.Close()
	}
	m.server = nil
}

// holding is a pool whose requests are held, with quick checks.
func holding(settings string, backends ...*mortal) string {
	var urls []string
	for _, b := range backends {
		urls = append(urls, b.url())
	}
	checks := "[pool.health]\ninterval = \"20ms\"\nfall = 1\n[pool.affinity]"
	return strings.Replace(strings.Replace(appPool(urls...),
		`policy = "round_robin"`, "policy = \"first\"\n"+settings, 1), "[pool.affinity]", checks, 1)
}

// unchecked has no check find out what a request is to find.
func unchecked(toml string) string {
	return strings.Replace(toml, `interval = "20ms"`, `interval = "1h"`, 1)
}

// check undoes unchecked.
func (r *running) check(toml string) {
	r.t.Helper()
	if _, err := r.Reload(r.parse(preamble + toml)); err != nil {
		r.t.Fatal(err)
	}
}

// down waits until all backends of the pool are.
func (r *running) down() {
	r.t.Helper()
	r.eventually("all backends to be down", func() bool {
		for _, b := range r.Status().Pools[0].Backends {
			if b.Health != backend.Down.String() {
				return false
			}
		}
		return true
	})
}

// held waits until n requests are.
func (r *running) held(n int) {
	r.t.Helper()
	r.eventually(fmt.Sprintf("%d requests to be held", n), func() bool { return r.Status().Pools[0].Held == n })
}

// post is ask for a POST of body.
func post(t *testing.T, c *http.Client, url, body string) (answer chan string) {
	t.Helper()
	answer = make(chan string, 1)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		res, err := c.Do(req)
		if err != nil {
			answer <- err.Error()
			return
		}
		answer <- fmt.Sprint(res.StatusCode, " ", bodyOf(t, res))
	}()
	return answer
}

func TestRequestsAreHeldUntilABackendIsThere(t *testing.T) {
	for _, allDown := range []string{"fail", "try_all"} {
		t.Run(allDown, func(t *testing.T) {
			inAllModes(t, func(t *testing.T, m mode) {
				t.Parallel()
				one := newMortal(t, "one")
				r := start(t, holding("hold = \"1m\"\nall_down = \""+allDown+"\"", one))
				c := m.client(t)
				if got := <-ask(t.Context(), t, c, r.url(m)); got != "200 one" {
					t.Fatal(got)
				}
				one.die()
				r.down()
				known := ask(t.Context(), t, c, r.url(m)+"/held")
				sent := post(t, m.client(t), r.url(m)+"/held", "+body")
				r.held(2)
				ctx, leave := context.WithCancel(t.Context())
				gone := ask(ctx, t, m.client(t), r.url(m)+"/gone")
				r.held(3)
				leave()
				<-gone
				r.held(2)
				one.rise()
				if got := <-known; got != "200 one" {
					t.Errorf("GET: %s", got)
				}
				if got := <-sent; got != "200 one+body" {
					t.Errorf("POST: %s", got)
				}
				if n := one.served.Load(); n != 3 {
					t.Errorf("the backend has got %d requests, want 3", n)
				}
				r.held(0)
				for _, l := range r.lines() {
					path, _ := l["path"].(string)
					attempts, _ := l["attempts"].([]any)
					if ms, _ := l["held_ms"].(float64); (ms > 0) != (path != "/") || len(attempts) > 1 {
						t.Errorf("%s: held for %v ms, %d attempts", path, ms, len(attempts))
					}
					if want := map[string]string{"/gone": "client_closed"}[path]; want != "" && l["end"] != want {
						t.Errorf("%s ended with %v", path, l["end"])
					}
				}
			})
		})
	}
}

// The backends were up when it was tried, and refused it, one after the other.
func TestARequestThatNobodyTookIsHeld(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		t.Parallel()
		one, two := newMortal(t, "one"), newMortal(t, "two")
		toml := holding("hold = \"1m\"", one, two)
		r := start(t, unchecked(toml))
		one.die()
		two.die()
		sent := post(t, m.client(t), r.url(m), "+body")
		r.held(1)
		two.rise()
		r.check(toml)
		if got := <-sent; got != "200 two+body" {
			t.Errorf("got %s", got)
		}
		if n := two.served.Load(); n != 1 {
			t.Errorf("it ran %d times", n)
		}
		if got := outcomes(r); !strings.HasPrefix(got, "b1 connect_failed, b2 connect_failed") || !strings.HasSuffix(got, "b2 ok") {
			t.Errorf("attempts: %s", got)
		}
		if ms, _ := r.lines()[0]["held_ms"].(float64); ms == 0 {
			t.Error("it was not held")
		}
	})
}

// Where the others are down, a visitor is served by the backend that he was to
// leave: nothing is to be waited for.
func TestWhoIsServedByTheBackendHeWasToLeaveIsNotHeld(t *testing.T) {
	for _, order := range []string{"now", "keep"} {
		t.Run(order, func(t *testing.T) {
			inAllModes(t, func(t *testing.T, m mode) {
				t.Parallel()
				one, two := newMortal(t, "one"), newMortal(t, "two")
				r := start(t, holding("hold = \"5s\"", one, two))
				c := m.client(t)
				if got := <-ask(t.Context(), t, c, r.url(m)); got != "200 one" {
					t.Fatal(got)
				}
				if _, err := r.Drain("app", "b1", DrainOptions{Mode: order}); err != nil {
					t.Fatal(err)
				}
				two.die()
				r.eventually("b2 to be down", func() bool { return r.Status().Pools[0].Backends[1].Health == "down" })
				if got := <-ask(t.Context(), t, c, r.url(m)); got != "200 one" {
					t.Error(got)
				}
				// Once it is disabled, there is nobody.
				if _, err := r.Disable("app", "b1", true); err != nil {
					t.Fatal(err)
				}
				answer := ask(t.Context(), t, c, r.url(m))
				r.held(1)
				two.rise()
				if got := <-answer; got != "200 two" {
					t.Error(got)
				}
				for i, l := range r.lines() {
					if ms, _ := l["held_ms"].(float64); (ms > 0) != (i == 2) {
						t.Errorf("request %d was held for %v ms", i+1, ms)
					}
				}
			})
		})
	}
}

func TestAHeldRequestIsServedByTheNewConfiguration(t *testing.T) {
	const rule = "[route.request.set]\nX-Rule = \"+new\"\n[[pool]]"
	for _, tt := range []struct {
		name   string
		tried  bool // before it was held
		change func(toml string) string
		want   string
	}{
		{"with another backend", false, func(s string) string { return s }, "200 two"},
		{"with other rules", false, func(s string) string { return strings.Replace(s, "[[pool]]", rule, 1) }, "200 two+new"},
		{"with another pool", false, func(s string) string { return strings.ReplaceAll(s, `"app"`, `"other"`) }, "200 two"},
		{"without its route", false, func(s string) string {
			return strings.Replace(s, `name = "all"`, "name = \"all\"\npaths = [\"/other\"]", 1)
		}, "404"},
		{"without hold", false, func(s string) string {
			return strings.Replace(strings.Replace(s, "hold = \"1m\"", "all_down = \"fail\"", 1), "b1", "b2", 1)
		}, "200 two"},
		{"with another backend after attempts", true, func(s string) string { return s }, "200 two"},
		{"with other rules after attempts", true, func(s string) string { return strings.Replace(s, "[[pool]]", rule, 1) }, "200 two"},
		{"without its pool after attempts", true, func(s string) string { return strings.ReplaceAll(s, `"app"`, `"other"`) }, "503"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inAllModes(t, func(t *testing.T, m mode) {
				t.Parallel()
				one, two := newMortal(t, "one"), newMortal(t, "two")
				toml := holding("hold = \"1m\"", one)
				if tt.tried {
					toml = unchecked(toml)
				}
				r := start(t, toml)
				one.die()
				if !tt.tried {
					r.down()
				}
				answer := ask(t.Context(), t, m.client(t), r.url(m))
				r.held(1)
				next := two
				if tt.want == "404" {
					next = one // of which no other news comes
				}
				if _, err := r.Reload(r.parse(preamble + tt.change(holding("hold = \"1m\"", next)))); err != nil {
					t.Fatal(err)
				}
				got := <-answer
				if len(tt.want) == 3 {
					got = got[:3]
				}
				if got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		})
	}
}

func TestWhoIsNotHeldGetsThePage(t *testing.T) {
	for _, tt := range []struct{ name, settings, page, kind, retry, body string }{
		{"too many", "hold = \"1m\"\nhold_requests = 1", "file = \"away.html\"\nretry_after = \"90500ms\"", "text/html; charset=utf-8", "91", "<p>Back soon</p>"},
		{"too much", "hold = \"1m\"\nhold_bytes = \"128KiB\"", "file = \"away.html\"\nretry_after = \"0s\"", "text/html; charset=utf-8", "", "<p>Back soon</p>"},
		{"too long", "hold = \"30ms\"", "status = 502", "text/plain; charset=utf-8", "1", ""},
		{"not at all", "", "file = \"away\"", "text/html; charset=utf-8", "1", "<p>Back soon</p>"},
		{"not at all, and there are backends to try", "all_down = \"try_all\"", "file = \"away.json\"", "application/json", "1", "<p>Back soon</p>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inAllModes(t, func(t *testing.T, m mode) {
				t.Parallel()
				one := newMortal(t, "one")
				toml := holding(tt.settings, one)
				if !strings.Contains(toml, "all_down") {
					toml = strings.Replace(toml, `policy = "first"`, "policy = \"first\"\nall_down = \"fail\"", 1)
				}
				r := start(t, toml)
				for _, name := range []string{"away", "away.html", "away.json"} {
					if err := os.WriteFile(filepath.Join(r.dir, name), []byte("<p>Back soon</p>"), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := r.Reload(r.parse(preamble + toml + "[pool.unavailable]\n" + tt.page + "\n")); err != nil {
					t.Fatal(err)
				}
				one.die()
				r.down()
				first := make(chan string, 1)
				if strings.HasPrefix(tt.name, "too m") {
					first = post(t, m.client(t), r.url(m), strings.Repeat("x", 100<<10))
					r.held(1)
				}
				for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
					req, err := http.NewRequestWithContext(t.Context(), method, r.url(m), nil)
					if err != nil {
						t.Fatal(err)
					}
					if method == http.MethodPost {
						req.Body, req.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat("x", 100<<10))), 100<<10
					} else if tt.name == "too much" {
						continue // there would be room for these
					}
					res, err := m.client(t).Do(req)
					if err != nil {
						t.Fatalf("%s: %v", method, err)
					}
					body := bodyOf(t, res)
					status := 503
					if strings.Contains(tt.page, "502") {
						status = 502
					}
					if res.StatusCode != status || res.Header.Get("Content-Type") != tt.kind || res.Header.Get("Retry-After") != tt.retry ||
						res.Header.Get("Cache-Control") != "no-store" || res.Header.Get("X-Request-Id") == "" || len(res.Header["Set-Cookie"]) > 0 {
						t.Errorf("%s: %s, %v", method, res.Status, res.Header)
					}
					if method == http.MethodHead {
						if body != "" || res.ContentLength <= 0 {
							t.Errorf("HEAD: %q, length %d", body, res.ContentLength)
						}
					} else if tt.body != "" && body != tt.body || !strings.Contains(body, "Back soon") && !strings.HasPrefix(body, "502 Bad Gateway\nrequest ") {
						t.Errorf("%s: %q", method, body)
					}
				}
				if strings.HasPrefix(tt.name, "too m") {
					one.rise()
					if got := <-first; got != "200 one"+strings.Repeat("x", 100<<10) {
						t.Errorf("the one that was held: %.40s", got)
					}
				}
			})
		})
	}
}

func TestAHeldBodyCountsForWhatItsClientMaySendAhead(t *testing.T) {
	for _, tt := range []struct {
		major  int
		native bool
		length int64
		want   int64
	}{
		{1, true, 1 << 20, 64 << 10},
		{1, true, -1, 64 << 10},
		{2, true, 1 << 20, 256 << 10},
		{2, true, 100 << 10, 100 << 10},
		{2, false, 8 << 20, 1 << 20},
		{3, true, -1, 1 << 20},
		{3, true, 300 << 10, 300 << 10},
	} {
		x := &exchange{door: &door{native: tt.native}, body: new(requestBody)}
		x.in = &http.Request{ProtoMajor: tt.major, URL: new(url.URL), ContentLength: tt.length}
		_, head := headSize(x.in)
		if got := x.size() - head; got != tt.want {
			t.Errorf("HTTP/%d, native %v, a body of %d bytes: %d, want %d", tt.major, tt.native, tt.length, got, tt.want)
		}
	}
}

func TestHeldBodiesStayWithinTheirBytes(t *testing.T) {
	const each, room = 200 << 10, 512 << 10
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			one := newMortal(t, "one")
			r := start(t, holding("hold = \"1m\"\nhold_bytes = \"512KiB\"\nall_down = \"fail\"", one))
			one.die()
			r.down()
			var answers []chan string
			most := room / each
			if m.proto == 1 {
				most = room / (64<<10 + 1<<10) // heads count, too
			}
			for range most {
				answers = append(answers, post(t, m.client(t), r.url(m), strings.Repeat("x", each)))
			}
			r.held(most)
			if got := <-post(t, m.client(t), r.url(m), strings.Repeat("x", each)); !strings.HasPrefix(got, "503") {
				t.Errorf("one more: %.40s", got)
			}
			one.rise()
			for _, a := range answers {
				if got := <-a; !strings.HasPrefix(got, "200") {
					t.Errorf("%.40s", got)
				}
			}
		})
	}
}

func TestAHeldRequestIsToldOfTheShutdown(t *testing.T) {
	inAllModes(t, func(t *testing.T, m mode) {
		t.Parallel()
		one := newMortal(t, "one")
		r := start(t, holding("hold = \"1m\"", one))
		one.die()
		r.down()
		answer := ask(t.Context(), t, m.client(t), r.url(m))
		r.held(1)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := r.Shutdown(ctx); err != nil {
			t.Fatal(err)
		}
		if got := <-answer; !strings.HasPrefix(got, "503") {
			t.Errorf("got %s", got)
		}
		if end := r.lines()[0]["end"]; end != "shutdown" {
			t.Errorf("it ended with %v", end)
		}
	})
}

func TestTheWaitForABackendIsNoPartOfTheTotalLimit(t *testing.T) {
	for _, tried := range []bool{false, true} {
		t.Run(fmt.Sprintf("tried %v", tried), func(t *testing.T) {
			inAllModes(t, func(t *testing.T, m mode) {
				t.Parallel()
				one := newMortal(t, "one")
				toml := holding("hold = \"1m\"", one) + "[pool.timeout]\nresponse = \"2s\"\ntotal = \"2s\"\n"
				r := start(t, unchecked(toml))
				one.die()
				if !tried {
					r.check(toml)
					r.down()
				}
				answer := ask(t.Context(), t, m.client(t), r.url(m))
				r.held(1)
				time.Sleep(2500 * time.Millisecond) // longer than the limit
				one.rise()
				if tried {
					r.check(toml)
				}
				if got := <-answer; got != "200 one" {
					t.Errorf("got %s", got)
				}
				held, _ := r.lines()[0]["held_ms"].(float64)
				attempts, _ := r.lines()[0]["attempts"].([]any)
				last, _ := attempts[len(attempts)-1].(map[string]any)
				if ms, _ := last["ms"].(float64); held < 2500 || ms > held {
					t.Errorf("held for %v ms, the attempt took %v", held, ms)
				}
			})
		})
	}
}

// spend takes all that comes into the retry budget, until the function that it
// returns is called.
func (r *running) spend() (end func()) {
	p := r.snapshot.Load().byName["app"] // a reload keeps the budget
	stop, ended := make(chan struct{}), make(chan struct{})
	take := func() {
		for p.AllowRetry() {
		}
	}
	take()
	go func() {
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				take()
			}
		}
	}()
	return func() { close(stop); <-ended }
}

// A request that waited for a backend like all others makes a first attempt, not
// a retry.
func TestWhoWasHeldNeedsNoRetryBudget(t *testing.T) {
	one := newMortal(t, "one")
	toml := holding("hold = \"1m\"", one)
	r := start(t, unchecked(toml))
	one.die()
	answer := ask(t.Context(), t, modes[0].client(t), r.url(modes[0]))
	r.held(1)
	defer r.spend()()
	one.rise()
	r.check(toml)
	if got := <-answer; got != "200 one" {
		t.Errorf("got %s", got)
	}
	if got := outcomes(r); got != "b1 connect_failed, b1 ok" {
		t.Errorf("attempts: %s", got)
	}
}

// And who only waits for the budget waits for nothing else.
func TestRetriesOfHeldRequestsStayWithinTheirBudget(t *testing.T) {
	// Where this process gets no time for a third of a second, the budget has one again.
	for range 5 {
		one, two := newMortal(t, "one"), newMortal(t, "two")
		r := start(t, unchecked(holding("hold = \"500ms\"", one, two)))
		end := r.spend()
		one.die()
		got := <-ask(t.Context(), t, modes[0].client(t), r.url(modes[0]))
		end()
		if strings.HasPrefix(got, "200") {
			continue
		}
		if l := r.lines()[0]; !strings.HasPrefix(got, "503") || l["not_retried"] != "budget" || two.served.Load() != 0 {
			t.Errorf("got %s; %v, %d requests at the other backend", got, l["not_retried"], two.served.Load())
		}
		return
	}
	t.Error("the other backend has answered each time")
}

func TestAPageThatCannotBeReadIsAProblem(t *testing.T) {
	one := newMortal(t, "one")
	r := start(t, holding("", one))
	if err := os.WriteFile(filepath.Join(r.dir, "large"), make([]byte, maxPage+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "empty"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{"none": "no such file", "large": "more than 1048576 bytes", "empty": "is empty", ".": "is a directory"} {
		_, err := r.Reload(r.parse(preamble + holding("", one) + "[pool.unavailable]\nfile = \"" + file + "\"\n"))
		if err == nil || !strings.Contains(err.Error(), "pool[0].unavailable.file") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", file, err)
		}
	}
}
