package integration

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// cluster is a few counters behind one pool.
type cluster struct {
	backends []*proxytest.Counter
	addrs    []string
}

func newCluster(t testing.TB, names ...string) *cluster {
	t.Helper()
	c := &cluster{}
	for _, n := range names {
		b := proxytest.NewCounter(t, n, nil)
		c.backends = append(c.backends, b)
		c.addrs = append(c.addrs, b.Addr)
	}
	return c
}

func (c *cluster) named(name string) *proxytest.Counter {
	for _, b := range c.backends {
		if b.Name == name {
			return b
		}
	}
	return nil
}

// enter makes a first visit and returns the cookie and the backend's name.
func enter(t testing.TB, p *proxytest.Sterling, m mode) (cookie, backend string) {
	t.Helper()
	a := do(t, m.client(p), request(t, "GET", p.URL(m.listener)+"/", ""))
	set := setCookies(a.Header, m.cookieName("app"))
	if a.StatusCode != 200 || len(set) != 1 || len(a.Header.Values("Set-Cookie")) != 1 {
		t.Fatalf("first visit: %d, Set-Cookie %q", a.StatusCode, a.Header.Values("Set-Cookie"))
	}
	return pair(set[0]), a.body
}

func TestAVisitorStaysOnTheServerThatKnowsThem(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1", "b2", "b3")
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", c.addrs...)})
	eachMode(t, func(t *testing.T, m mode) {
		client, url := m.client(p), p.URL(m.listener)+"/"
		cookie, backend := enter(t, p, m)
		for range 100 {
			a := do(t, client, request(t, "GET", url, "", "Cookie: "+cookie))
			if a.body != backend || len(a.Header.Values("Set-Cookie")) != 0 {
				t.Fatalf("answered by %s, Set-Cookie %q; want %s and none", a.body, a.Header.Values("Set-Cookie"), backend)
			}
		}
	})
	outcomes := map[string]int{}
	for _, l := range p.WaitLines(101*len(modes), nil) {
		outcomes[l.Affinity]++
	}
	if outcomes["new"] != len(modes) || outcomes["hit"] != 100*len(modes) {
		t.Errorf("outcomes %v, want a new one and 100 hits for each mode", outcomes)
	}
}

func TestTheCookieHasTheAttributesOfItsTransport(t *testing.T) {
	t.Parallel()
	const name = "zebra-of-the-backend" // none that comes about by chance
	c := newCluster(t, name)
	p := proxytest.Start(t, proxytest.Options{Config: strings.Replace(proxytest.Pool("app", c.addrs...), `name = "b1"`, `name = "`+name+`"`, 1)})
	eachMode(t, func(t *testing.T, m mode) {
		a := do(t, m.client(p), request(t, "GET", p.URL(m.listener)+"/", ""))
		cookies := a.Cookies()
		if len(cookies) != 1 {
			t.Fatalf("cookies %v", cookies)
		}
		k, tls := cookies[0], m.listener == "front"
		site := http.SameSiteLaxMode
		if tls {
			site = http.SameSiteNoneMode
		}
		if k.Name != m.cookieName("app") || k.Path != "/" || !k.HttpOnly || k.Secure != tls || k.SameSite != site || k.MaxAge != 0 || !k.Expires.IsZero() || k.Domain != "" || k.Partitioned {
			t.Errorf("cookie %v", k)
		}
		for at := range 4 { // base64 looks different at each place modulo three
			shown, _ := base64.RawURLEncoding.DecodeString(strings.Trim(k.Value[min(at, len(k.Value)):], "=")) // as far as it goes
			if strings.Contains(k.Value, name) || strings.Contains(string(shown), name) || strings.Contains(k.Value, strings.TrimPrefix(c.addrs[0], "127.0.0.1:")) {
				t.Errorf("the value %q shows the backend", k.Value)
			}
		}
	})
}

func TestBadCookiesAreAQuietNewAssignment(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1", "b2", "b3")
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", c.addrs...) + "[[route]]\npaths = [\"/other\"]\npool = \"other\"\n" + proxytest.OnlyPool("other", "[pool.affinity]\nby = \"cookie\"", c.addrs...)})
	eachMode(t, func(t *testing.T, m mode) {
		client, url, name := m.client(p), p.URL(m.listener), m.cookieName("app")
		good, backend := enter(t, p, m)
		value := strings.TrimPrefix(good, name+"=")
		other := do(t, client, request(t, "GET", url+"/other", ""))
		foreign := strings.TrimPrefix(pair(setCookies(other.Header, m.cookieName("other"))[0]), m.cookieName("other")+"=")
		bad := []string{"", "x", value[:len(value)-1], value[1:], value + "x", value + "=", strings.ToUpper(value), strings.Repeat("x", 5000), value + value, foreign, "k1:" + value, "\"" + value + "\""}
		for i := 0; i < len(value); i += 7 {
			flipped := []byte(value)
			flipped[i] ^= 1
			if flipped[i] > ' ' && flipped[i] < 0x7f && !strings.ContainsRune("\",;\\", rune(flipped[i])) {
				bad = append(bad, string(flipped))
			}
		}
		for _, b := range bad {
			a := do(t, client, request(t, "GET", url+"/", "", "Cookie: "+name+"="+b))
			if a.StatusCode != 200 || len(setCookies(a.Header, name)) != 1 || len(a.Header.Values("Set-Cookie")) != 1 {
				t.Errorf("cookie %.40q: %d, Set-Cookie %q", b, a.StatusCode, a.Header.Values("Set-Cookie"))
			}
		}
		for _, b := range []string{name + "=bad; " + good, good + "; " + name + "=bad"} {
			a := do(t, client, request(t, "GET", url+"/", "", "Cookie: "+b))
			if a.body != backend || len(a.Header.Values("Set-Cookie")) != 0 {
				t.Errorf("cookies %.60q: answered by %s with Set-Cookie %q, want %s", b, a.body, a.Header.Values("Set-Cookie"), backend)
			}
		}
	})
}

func TestACookieOfPlainHTTPIsWorthNothingOverTLS(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1", "b2")
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", c.addrs...)})
	plain, front := modes[0], modes[1]
	cookie, _ := enter(t, p, plain)
	a := do(t, p.Client(false), request(t, "GET", p.URL("front")+"/", "", "Cookie: "+cookie))
	if len(setCookies(a.Header, front.cookieName("app"))) != 1 {
		t.Errorf("Set-Cookie %q", a.Header.Values("Set-Cookie"))
	}
}

func TestTheBackendNeverSeesTheCookie(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil)
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", rec.Addr)})
	for _, m := range modes[:2] {
		dial := func() *proxytest.Raw { return proxytest.DialRaw(t, p.Addr("plain")) }
		if m.listener == "front" {
			dial = func() *proxytest.Raw { return proxytest.DialRawTLS(t, p.Addr("front"), p.CA, "localhost") }
		}
		a := do(t, p.Client(false), request(t, "GET", p.URL(m.listener)+"/", ""))
		good := pair(setCookies(a.Header, m.cookieName("app"))[0])
		for sent, want := range map[string]string{
			good:                         "",
			"a=b; " + good:               "a=b",
			good + "; a=b":               "a=b",
			"a=b; " + good + "; c=d":     "a=b; c=d",
			"a=b;" + good + ";c=d":       "a=b;c=d",
			"a=\"q; r\"; " + good:        "a=\"q; r\"",
			"=x; noequals; " + good:      "=x; noequals",
			good + "; " + good:           "",
			"x" + good:                   "x" + good,
			"a=b;  c=d":                  "a=b;  c=d",
			m.cookieName("app") + "=bad": "",
		} {
			c := dial()
			c.Send("GET / HTTP/1.1\r\nHost: localhost\r\nCookie: " + sent + "\r\n\r\n")
			if a, err := c.Answer("GET"); err != nil || a.Status != 200 {
				t.Fatalf("%v %v", a, err)
			}
			if got := last(t, rec).Get("Cookie"); got != want || want == "" && last(t, rec).Has("Cookie") {
				t.Errorf("%s: Cookie %.80q reached the backend as %q, want %q", m.name, sent, got, want)
			}
		}
	}
}

func TestADeadServersVisitorsMoveOnce(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1", "b2")
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", c.addrs...)})
	type visitor struct {
		mode
		cookie string
	}
	var visitors []visitor
	for _, m := range modes {
		for {
			if cookie, backend := enter(t, p, m); backend == "b1" {
				visitors = append(visitors, visitor{m, cookie})
				break
			}
		}
	}
	c.named("b1").Close()
	for _, v := range visitors {
		client, url := v.client(p), p.URL(v.listener)+"/"
		a := do(t, client, request(t, "POST", url, "body", "Cookie: "+v.cookie))
		set := setCookies(a.Header, v.cookieName("app"))
		if a.StatusCode != 200 || a.body != "b2" || len(set) != 1 || len(a.Header.Values("Set-Cookie")) != 1 {
			t.Fatalf("%s: %d from %q, Set-Cookie %q; lines %+v", v.name, a.StatusCode, a.body, a.Header.Values("Set-Cookie"), p.Lines())
		}
		a = do(t, client, request(t, "GET", url, "", "Cookie: "+pair(set[0])))
		if a.body != "b2" || len(a.Header.Values("Set-Cookie")) != 0 {
			t.Errorf("%s: after the move: %q, Set-Cookie %q", v.name, a.body, a.Header.Values("Set-Cookie"))
		}
	}
	p.WaitLines(len(modes), func(l proxytest.Line) bool { return l.Affinity == "moved" && l.Backend == "b2" })
}

func TestACookieOnACacheableAnswerIsKeptFromCaches(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, func(*proxytest.Recorded) proxytest.Reply {
		return proxytest.Text("ok", "Cache-Control: public, max-age=3600")
	})
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", rec.Addr)})
	m := modes[2]
	a := do(t, p.Client(true), request(t, "GET", p.URL(m.listener)+"/", ""))
	got := strings.ToLower(strings.Join(a.Header.Values("Cache-Control"), ", "))
	if !strings.Contains(got, "private") && !strings.Contains(got, `no-cache="set-cookie"`) && !strings.Contains(got, "no-store") {
		t.Errorf("Cache-Control %q beside a new cookie", got)
	}
	a = do(t, p.Client(true), request(t, "GET", p.URL(m.listener)+"/", "", "Cookie: "+pair(setCookies(a.Header, m.cookieName("app"))[0])))
	if got := a.Header.Get("Cache-Control"); got != "public, max-age=3600" {
		t.Errorf("Cache-Control %q without a cookie, want the backend's", got)
	}
}

func TestNoAffinityIsSetOnAnErrorOfTheDoorsOwn(t *testing.T) {
	t.Parallel()
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", proxytest.Refusing(t), proxytest.HalfHeader(t).Addr)})
	for range 4 {
		a := do(t, p.Client(false), request(t, "POST", p.URL("plain")+"/", "x"))
		if a.StatusCode < 500 || len(a.Header.Values("Set-Cookie")) != 0 {
			t.Errorf("%d with Set-Cookie %q", a.StatusCode, a.Header.Values("Set-Cookie"))
		}
		if a.StatusCode == 503 && a.Header.Get("Retry-After") == "" {
			t.Error("503 without Retry-After")
		}
	}
}

func TestCookiesOutliveTheProcess(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1", "b2", "b3")
	config := proxytest.Pool("app", c.addrs...)
	p := proxytest.Start(t, proxytest.Options{Config: config})
	m := modes[0]
	cookie, backend := enter(t, p, m)
	p.Stop()
	again := proxytest.Start(t, proxytest.Options{Config: config, Dir: p.Dir, CA: p.CA})
	for range 10 {
		a := do(t, again.Client(false), request(t, "GET", again.URL("plain")+"/", "", "Cookie: "+cookie))
		if a.body != backend || len(a.Header.Values("Set-Cookie")) != 0 {
			t.Fatalf("after a restart: %q, Set-Cookie %q; want %s", a.body, a.Header.Values("Set-Cookie"), backend)
		}
	}
}

func TestACookieSlidesAndEnds(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1", "b2", "b3")
	config := strings.Replace(proxytest.Pool("app", c.addrs...), "by = \"cookie\"", "by = \"cookie\"\nidle = \"4s\"\nlife = \"12h\"", 1)
	p := proxytest.Start(t, proxytest.Options{Config: config})
	m := modes[0]
	cookie, backend := enter(t, p, m)
	first := cookie
	visit := func(cookie string) answer {
		return do(t, p.Client(false), request(t, "GET", p.URL("plain")+"/", "", "Cookie: "+cookie))
	}
	// Behind a tenth of idle the cookie is written anew, for the same server.
	start := time.Now()
	proxytest.Eventually(t, "a cookie that is written anew", func() bool {
		a := visit(cookie)
		if set := setCookies(a.Header, m.cookieName("app")); len(set) == 1 {
			cookie = pair(set[0])
			if a.body != backend {
				t.Errorf("written anew for %s, want %s", a.body, backend)
			}
			return true
		}
		return false
	})
	if d := time.Since(start); d < 200*time.Millisecond {
		t.Errorf("written anew after %v already", d)
	}
	// The first one ends with idle: it is a new assignment, and no error.
	proxytest.Eventually(t, "the first cookie to end", func() bool {
		for _, l := range p.Lines() {
			if l.Affinity == "new" && l.Time.After(start) {
				return true
			}
		}
		if a := visit(first); a.StatusCode != 200 {
			t.Fatalf("status %d", a.StatusCode)
		}
		return false
	})
	if d := time.Since(start); d < 3*time.Second {
		t.Errorf("the cookie ended after %v already", d)
	}
}
