package proxy

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// The addresses of two sockets that a file can tell apart.
const (
	hereA = "127.0.0.1:0"
	hereB = "localhost:0"
)

// doorsOf is a configuration with these listeners, each a block of lines.
func doorsOf(rest string, listeners ...string) string {
	begin, more, _ := strings.Cut(preamble, "[[listener]]")
	_, end, _ := strings.Cut(more, "[shutdown]")
	for _, l := range listeners {
		begin += "[[listener]]\n" + l + "\n"
	}
	return begin + "[shutdown]" + end + rest
}

func listens(name, address, protocol, more string) string {
	s := fmt.Sprintf("address = %q\nprotocol = %q\n%s", address, protocol, more)
	if name != "" {
		s = fmt.Sprintf("name = %q\n", name) + s
	}
	return s
}

// reloads puts a configuration in force.
func (r *running) reloads(toml string) Report {
	r.t.Helper()
	report, err := r.Reload(r.parse(toml))
	if err != nil {
		r.t.Fatal(err)
	}
	return report
}

// visit asks for a path over a new connection, as a proxy for 192.0.2.9.
func visit(t *testing.T, url string) (status int, body string) {
	t.Helper()
	c := modes[0].client(t)
	if strings.HasPrefix(url, "https:") {
		c = modes[1].client(t)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Forwarded-For", "192.0.2.9")
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, bodyOf(t, res)
}

// seen is a backend that says whom it was told the client is.
func seen(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(r.Header.Get("X-Forwarded-For")))
	}))
	t.Cleanup(s.Close)
	return s
}

func TestDoorsKeepTheirRulesWhereTheFileOnlyOrdersThemAnew(t *testing.T) {
	plain := listens("", hereA, "http", "redirect_https = true")
	secure := listens("", hereB, "https", "")
	another := listens("", "127.0.0.1:1", "http", "trusted_proxies = [\"127.0.0.0/8\", \"::1\"]")
	for _, c := range []struct {
		what      string
		listeners []string
		restart   []string
	}{
		{"exchanged", []string{secure, plain}, nil},
		{"one in front", []string{another, plain, secure}, []string{"listener listener-1 (new)"}},
		{"one between", []string{plain, another, secure}, []string{"listener listener-2 (new)"}},
	} {
		t.Run(c.what, func(t *testing.T) {
			pool := appPool(seen(t).URL)
			r := startWith(t, doorsOf(pool, plain, secure))
			http, https := "http://"+r.Addr("listener-1").String(), "https://"+r.Addr("listener-2").String()
			report := r.reloads(doorsOf(pool, c.listeners...))
			if !slices.Equal(report.Restart, c.restart) {
				t.Errorf("restart to apply %q", report.Restart)
			}
			if status, _ := visit(t, http); status != 308 {
				t.Errorf("the http door answers %d instead of a redirect", status)
			}
			if status, body := visit(t, https); status != 200 || strings.Contains(body, "192.0.2.9") {
				t.Errorf("the https door answers %d, and believes %s", status, body)
			}
		})
	}
}

func TestTrustStaysWithTheAddressWhenNamesAreExchanged(t *testing.T) {
	const trusting = "trusted_proxies = [\"127.0.0.0/8\", \"::1\"]"
	pool := appPool(seen(t).URL)
	r := startWith(t, doorsOf(pool, listens("public", hereA, "http", ""), listens("inner", hereB, "http", trusting)))
	public, inner := "http://"+r.Addr("public").String(), "http://"+r.Addr("inner").String()
	report := r.reloads(doorsOf(pool, listens("inner", hereA, "http", ""), listens("public", hereB, "http", trusting)))
	if len(report.Restart) > 0 {
		t.Errorf("restart to apply %q", report.Restart)
	}
	if _, body := visit(t, public); strings.Contains(body, "192.0.2.9") {
		t.Errorf("the public door believes X-Forwarded-For: %s", body)
	}
	if _, body := visit(t, inner); !strings.Contains(body, "192.0.2.9") {
		t.Errorf("the inner door believes nobody any more: %s", body)
	}
	if r.Addr("inner").String() != strings.TrimPrefix(public, "http://") {
		t.Error("the status has the old names")
	}
}

// routed is a configuration's rest with a route for everybody and one for a listener.
func routed(one, two *httptest.Server, listener string) string {
	return appPool(one.URL) + fmt.Sprintf(`
[[route]]
name = "restricted"
listeners = [%q]
paths = ["/own"]
pool = "own"
[[pool]]
name = "own"
[[pool.backend]]
name = "b1"
url = %q
`, listener, two.URL)
}

func TestARenamedListenerHasItsNewNameForRoutesAndLogs(t *testing.T) {
	one, two := named(t, "one"), named(t, "two")
	r := startWith(t, doorsOf(routed(one, two, "a"), listens("a", hereA, "http", ""), listens("b", hereB, "http", "")))
	a, b := "http://"+r.Addr("a").String(), "http://"+r.Addr("b").String()
	report := r.reloads(doorsOf(routed(one, two, "new"), listens("new", hereA, "http", ""), listens("b", hereB, "http", "")))
	if len(report.Restart) > 0 || !slices.Contains(report.Changes, "listener a: renamed to new") {
		t.Errorf("got %+v", report)
	}
	if _, body := visit(t, a+"/own"); body != "two" {
		t.Errorf("the renamed door: %q", body)
	}
	if _, body := visit(t, b+"/own"); body != "one" {
		t.Errorf("the other door: %q", body)
	}
	lines := r.lines()
	if got := lines[len(lines)-2]["listener"]; got != "new" {
		t.Errorf("logged as %q", got)
	}
}

func TestAListenerThatMovesKeepsItsRulesUntilTheRestart(t *testing.T) {
	const trusting = "trusted_proxies = [\"127.0.0.0/8\", \"::1\"]"
	for _, c := range []struct{ what, moved string }{
		{"address", listens("a", "127.0.0.1:1", "http", trusting)},
		{"protocol", listens("a", hereA, "https", trusting)},
		{"proxy_protocol", listens("a", hereA, "http", trusting+"\nproxy_protocol = \"required\"")},
	} {
		t.Run(c.what, func(t *testing.T) {
			rest := routed(seen(t), named(t, "two"), "a")
			r := startWith(t, doorsOf(rest, listens("a", hereA, "http", ""), listens("b", hereB, "http", "")))
			a := "http://" + r.Addr("a").String()
			report := r.reloads(doorsOf(rest, c.moved, listens("b", hereB, "http", "")))
			if !slices.Equal(report.Restart, []string{"listener a"}) || len(report.Changes) > 0 {
				t.Errorf("got %+v", report)
			}
			if _, body := visit(t, a); strings.Contains(body, "192.0.2.9") {
				t.Errorf("the old address believes X-Forwarded-For: %s", body)
			}
			if _, body := visit(t, a+"/own"); body != "two" {
				t.Errorf("its own route: %q", body)
			}
		})
	}
}

// The name goes to another address that is open, and the first one is left over.
func TestADoorWhoseNameIsTakenGetsNoneOfItsRoutes(t *testing.T) {
	one, two := named(t, "one"), named(t, "two")
	rest := routed(one, two, "a")
	r := startWith(t, doorsOf(rest, listens("a", hereA, "http", ""), listens("b", hereB, "http", "")))
	a, b := r.Addr("a").String(), r.Addr("b").String()
	for range 2 { // a reload of the same changes nothing
		report := r.reloads(doorsOf(rest, listens("a", hereB, "http", ""), listens("c", "127.0.0.1:1", "http", "")))
		if want := []string{"listener c (new)", "listener " + a + " (removed)"}; !slices.Equal(report.Restart, want) {
			t.Errorf("restart to apply %q, want %q", report.Restart, want)
		}
		if _, body := visit(t, "http://"+a+"/own"); body != "one" {
			t.Errorf("the door that is left over: %q", body)
		}
		if _, body := visit(t, "http://"+b+"/own"); body != "two" {
			t.Errorf("the door that has the name: %q", body)
		}
	}
	r.reloads(doorsOf(rest, listens("a", hereA, "http", ""), listens("b", hereB, "http", "")))
	if _, body := visit(t, "http://"+a+"/own"); body != "two" {
		t.Errorf("with the first file again: %q", body)
	}
}

func TestNobodyIsSentToAnHTTPSListenerThatIsNotOpen(t *testing.T) {
	pool := appPool(named(t, "one").URL)
	r := startWith(t, doorsOf(pool, listens("a", hereA, "http", "")))
	report := r.reloads(doorsOf(pool, listens("a", hereA, "http", "redirect_https = true"), listens("s", hereB, "https", "")))
	if want := []string{"listener a", "listener s (new)"}; !slices.Equal(report.Restart, want) || len(report.Changes) > 0 {
		t.Errorf("got %+v", report)
	}
	if status, body := visit(t, "http://"+r.Addr("a").String()); body != "one" {
		t.Errorf("got %d %q", status, body)
	}
}
