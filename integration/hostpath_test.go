package integration

import (
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"sterling/internal/proxytest"
)

// named is a backend that answers with its name.
func named(t testing.TB, name string) *proxytest.Recorder {
	t.Helper()
	return proxytest.NewRecorder(t, func(*proxytest.Recorded) proxytest.Reply { return proxytest.Text(name) })
}

// routeTo is a route with its pool of one.
func routeTo(name, keys string, rec *proxytest.Recorder) string {
	return fmt.Sprintf("[[route]]\nname = %q\npool = %q\n%s\n", name, name, keys) + proxytest.OnlyPool(name, "", rec.Addr)
}

func TestHostFormsFindTheirRouteOrAreRefused(t *testing.T) {
	t.Parallel()
	www, star := named(t, "www"), named(t, "star")
	p := proxytest.Start(t, proxytest.Options{Config: routeTo("www", `hosts = ["www.example.org", "[::1]"]`, www) + routeTo("star", `hosts = ["*.example.org"]`, star)})
	_, port, _ := net.SplitHostPort(p.Addr("plain"))
	const bad = "400"
	for host, want := range map[string]string{
		"www.example.org": "www", "WWW.Example.ORG": "www", "www.example.org.": "www", "www.example.org:80": "www", "www.example.org:" + port: "www",
		"www.example.org.:80": "www", "[::1]": "www", "[::1]:80": "www", "a.example.org": "star", "A.EXAMPLE.ORG": "star",
		"example.org": "404", "a.b.example.org": "404", "www.example.org.evil": "404", "xn--bcher-kva.example.org": "star",
		"": bad, " ": bad, "www.example.org:": "www|400", "www.example.org:x": bad, "www.example.org:99999": bad, "www.example.org:-1": bad, "www.example.org..": bad,
		".example.org": bad, "www..example.org": bad, "user@www.example.org": bad, "user:pass@www.example.org:80": bad, "www.example.org/": bad,
		"www.example.org/path": bad, "www.example.org?": bad, "www.example.org#": bad, "www.example.org\\": bad, "www example.org": bad, "www.example.org, evil": bad,
		"www.example.org:80:80": bad, "[::1": bad, "::1": bad, "[::1]x": bad, "www.ex%61mple.org": bad, "www.example.org%00": bad, "b\xfccher.example.org": bad, "<script>": bad,
	} {
		t.Run(host, func(t *testing.T) {
			c := proxytest.DialRaw(t, p.Addr("plain"))
			c.Send("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
			a, err := c.Answer("GET")
			if err != nil {
				t.Fatal(err)
			}
			got := a.Body
			if a.Status != 200 {
				got = fmt.Sprint(a.Status)
			}
			if !strings.Contains("|"+want+"|", "|"+got+"|") {
				t.Errorf("Host %q: got %s, want %s", host, got, want)
			}
			if want != bad {
				return
			}
			if strings.Contains(a.Body, "<") || !c.Closed(5e9) {
				t.Errorf("Host %q: the refusal %q, or its connection stays open", host, a.Body)
			}
		})
	}
}

func TestAHostOutsideTheConnectionsCertificateIsMisdirected(t *testing.T) {
	t.Parallel()
	open, secret := named(t, "open"), named(t, "secret")
	p := proxytest.Start(t, proxytest.Options{
		Certificates: [][]string{{"secret.test"}},
		Config:       routeTo("open", `hosts = ["localhost", "www.example.org", "a.example.org"]`, open) + routeTo("secret", `hosts = ["secret.test"]`, secret),
	})
	for _, c := range []struct {
		sni, host string
		status    int
	}{
		{"localhost", "localhost", 200}, {"localhost", "www.example.org", 200}, {"www.example.org", "a.example.org", 200}, {"secret.test", "secret.test", 200},
		{"localhost", "secret.test", 421}, {"secret.test", "localhost", 421}, {"www.example.org", "secret.test", 421}, {"secret.test", "SECRET.TEST:443", 200},
	} {
		t.Run(c.sni+" asked for "+c.host, func(t *testing.T) {
			raw := proxytest.DialRawTLS(t, p.Addr("front"), p.CA, c.sni)
			raw.Send("GET / HTTP/1.1\r\nHost: " + c.host + "\r\n\r\n")
			if a, err := raw.Answer("GET"); err != nil || a.Status != c.status {
				t.Errorf("HTTP/1.1: %v, %v; want %d", a, err, c.status)
			}
			h := proxytest.DialH2(t, p.Addr("front"), p.CA, c.sni)
			_ = h.Open(1, true, askFor(c.host, "/")...)
			if a := h.Answer(1); a.Status != fmt.Sprint(c.status) {
				t.Errorf("HTTP/2: %v; want %d", a, c.status)
			}
			quick := proxytest.DialH3(t, p.Addr("front"), p.CA, c.sni)
			if a := proxytest.AskH3(t, quick, proxytest.H3Fields(askFor(c.host, "/")...)); a.Status != fmt.Sprint(c.status) {
				t.Errorf("HTTP/3: %v; want %d", a, c.status)
			}
		})
	}
}

// askFor are the fields of a GET over HTTP/2 and HTTP/3.
func askFor(host, target string) []proxytest.Field {
	return []proxytest.Field{{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: host}, {Name: ":path", Value: target}}
}

func TestNoSpellingOfAPathSlipsPastARule(t *testing.T) {
	t.Parallel()
	admin, app := named(t, "admin"), named(t, "app")
	p := proxytest.Start(t, proxytest.Options{Config: routeTo("admin", `paths = ["/admin", "/öl"]`, admin) + routeTo("app", `paths = ["/"]`, app)})
	quick := proxytest.DialH3(t, p.Addr("front"), p.CA, "localhost")
	for target, want := range map[string]string{
		"/admin": "admin /admin", "/admin/": "admin /admin/", "/admin/x": "admin /admin/x", "/admin?x": "admin /admin?x", "/administrator": "app /administrator",
		"/%61dmin": "admin /admin", "/adm%69n/x": "admin /admin/x", "/public/../admin": "admin /admin", "/public/%2e%2e/admin": "admin /admin", "/public/%2E./admin": "admin /admin",
		"//admin": "admin /admin", "///admin//x": "admin", "/./admin": "admin /admin", "/%2e/admin": "admin /admin", "/admin;x": "admin /admin;x", "/admin;x/y": "admin /admin;x/y", "/;x/admin": "admin /;x/admin|400",
		"/public/..;/admin": "400", "/admin/..;/x": "400|admin", "/Admin": "app /Admin", "/ADMIN": "app /ADMIN", "/admin%2fx": "400", "/public%2f..%2fadmin": "400", "/public/..%2fadmin": "400", "/%2fadmin": "400",
		"/public/..%5cadmin": "400", "\\admin": "400", "/\\admin": "400", "/public\\..\\admin": "400", "/admin%5c": "400", "/admin%00": "400", "/admin%0a": "400|admin", "/admin%0d%0aX:y": "400|admin|app",
		"/..": "400|app", "/../admin": "400|admin", "/%c0%aeadmin": "app|400", "/%25%36%31dmin": "app /%25%36%31dmin|app /%2561dmin", "/%252e%252e/admin": "app /%252e%252e/admin",
		"/%C3%B6l": "admin /%C3%B6l", "/%c3%b6l": "admin /%C3%B6l", "/öl": "admin /%C3%B6l|400", "/a%20b": "app /a%20b", "/a%7Eb": "app /a~b", "/a+b": "app /a+b", "/a%2Bb": "app /a%2Bb", "/a'b": "app /a'b", "/a%": "400", "/a%2": "400",
	} {
		judge := func(t *testing.T, status, body string) {
			t.Helper()
			if status != "200" {
				if !slices.Contains(strings.Split(want, "|"), status) {
					t.Errorf("%s: %s, want %s", target, status, want)
				}
				return
			}
			r := last(t, map[string]*proxytest.Recorder{"admin": admin, "app": app}[body])
			for w := range strings.SplitSeq(want, "|") {
				if w == body || w == body+" "+r.Target {
					return
				}
			}
			t.Errorf("%s went to %s as %s, want %s", target, body, r.Target, want)
		}
		t.Run(target, func(t *testing.T) {
			c := proxytest.DialRaw(t, p.Addr("plain"))
			c.Send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
			a, err := c.Answer("GET")
			if err != nil {
				t.Fatal(err)
			}
			judge(t, fmt.Sprint(a.Status), a.Body)
		})
		t.Run(target+" over http2", func(t *testing.T) {
			h := proxytest.DialH2(t, p.Addr("front"), p.CA, "localhost")
			defer func() { _ = h.Close() }()
			if err := h.Open(1, true, askFor("localhost", target)...); err != nil {
				t.Fatal(err)
			}
			a := h.Answer(1)
			if a.Reset {
				a.Status = "400" // malformed
			}
			judge(t, a.Status, a.Body)
		})
		t.Run(target+" over http3", func(t *testing.T) {
			a := proxytest.AskH3(t, quick, proxytest.H3Fields(askFor("localhost", target)...))
			if a.Code == quic.StreamErrorCode(http3.ErrCodeMessageError) {
				a.Status = "400" // malformed, which the library below finds first
			}
			judge(t, a.Status, a.Body)
		})
	}
}

func TestEncodedSlashPassesWhereTheRouteSaysSo(t *testing.T) {
	t.Parallel()
	rec := named(t, "app")
	p := proxytest.Start(t, proxytest.Options{Config: routeTo("app", `encoded_slash = "pass"`, rec)})
	c := proxytest.DialRaw(t, p.Addr("plain"))
	c.Send("GET /a%2Fb HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if a, err := c.Answer("GET"); err != nil || a.Status != 200 || last(t, rec).Target != "/a%2Fb" {
		t.Errorf("answer %v, %v", a, err)
	}
}

// anyCase is s with some of its letters in upper case.
func anyCase(s string) string {
	b := []byte(s)
	for i := range b {
		if b[i] >= 'a' && b[i] <= 'z' && rand.IntN(2) == 0 {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}

func TestManyHostsAreFoundInAnyCase(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 99, 101, 1000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			rec := proxytest.NewRecorder(t, nil)
			var b strings.Builder
			for i := range n {
				fmt.Fprintf(&b, "[[route]]\nname = \"r%d\"\nhosts = [\"%s\"]\npool = \"app\"\n[route.request.set]\nX-Route = \"r%d\"\n", i, anyCase(fmt.Sprintf("h%d.example.org", i)), i)
			}
			p := proxytest.Start(t, proxytest.Options{Config: b.String() + proxytest.OnlyPool("app", "", rec.Addr)})
			raw := proxytest.DialRaw(t, p.Addr("plain"))
			h := proxytest.DialH2(t, p.Addr("front"), p.CA, "localhost")
			quick := proxytest.DialH3(t, p.Addr("front"), p.CA, "localhost")
			ask := map[string]func(i int, host string) string{
				"http1": func(_ int, host string) string {
					_ = raw.SetDeadline(time.Now().Add(20 * time.Second))
					raw.Send("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
					a, err := raw.Answer("GET")
					if err != nil {
						t.Fatal(err)
					}
					return fmt.Sprint(a.Status)
				},
				"http2": func(i int, host string) string {
					_ = h.SetDeadline(time.Now().Add(20 * time.Second))
					stream := uint32(2*i + 1) //nolint:gosec // small
					if err := h.Open(stream, true, askFor(host, "/")...); err != nil {
						t.Fatal(err)
					}
					return h.Answer(stream).Status
				},
				"http3": func(_ int, host string) string {
					return proxytest.AskH3(t, quick, proxytest.H3Fields(askFor(host, "/")...)).Status
				},
			}
			for i := range n {
				for name, ask := range ask {
					host := anyCase(fmt.Sprintf("h%d.example.org", i))
					status, seen := ask(i, host), rec.Take()
					if len(seen) != 1 || seen[0].Get("X-Route") != fmt.Sprintf("r%d", i) {
						t.Errorf("%s: %s: status %s, the backend saw %v", name, host, status, seen)
					}
				}
			}
		})
	}
}

func TestQueriesArePassedOnByteForByte(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil)
	p := proxytest.Start(t, proxytest.Options{Listener: "max_uri = \"512KiB\"\nmax_header = \"1MiB\"", Config: proxytest.Pool("app", rec.Addr)})
	var many strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&many, "&p%d=%d", i, i)
	}
	c, quick := proxytest.DialRaw(t, p.Addr("plain")), proxytest.DialH3(t, p.Addr("front"), p.CA, "localhost")
	for _, q := range []string{"", "a", "a=1;b=2", "a=%zz", "%", "a=1&&b=2&", "a=b=c", "?", "a?b?c", "/../x", "a=%2e%2E", "a+b", "a%20b", "[]{}|\\^`\"<>", "\xc3\xb6", "a=//evil", "..", many.String()[1:]} {
		c.Send("GET /q?" + q + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
		a, err := c.Answer("GET")
		if err != nil {
			t.Fatalf("?%.60s: %v", q, err)
		}
		if a.Status == 400 && strings.ContainsAny(q, "ö<\"\\") {
			c = proxytest.DialRaw(t, p.Addr("plain")) // bytes that a target must not have
			continue
		}
		if got := last(t, rec).Target; a.Status != 200 || got != "/q?"+q {
			t.Errorf("?%.60s: %d, passed on as %.60s", q, a.Status, got)
		}
		over3 := proxytest.AskH3(t, quick, proxytest.H3Fields(askFor("localhost", "/q?"+q)...))
		if got := last(t, rec).Target; over3.Status != "200" || got != "/q?"+q {
			t.Errorf("over HTTP/3: ?%.60s: %v, passed on as %.60s", q, over3, got)
		}
	}
}

func TestRedirectsToHTTPSLeadNowhereElse(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil)
	config := "[[listener]]\nname = \"redirect\"\naddress = \"127.0.0.1:0\"\nprotocol = \"http\"\nredirect_https = true\n" + routeTo("app", `hosts = ["localhost", "*.example.org"]`, rec)
	p := proxytest.Start(t, proxytest.Options{Config: config})
	_, port, _ := net.SplitHostPort(p.Addr("front"))
	to := "https://localhost:" + port
	for _, c := range []struct{ host, target, want string }{
		{"localhost", "/a/b?c=d&e", to + "/a/b?c=d&e"}, {"localhost:8080", "/", to + "/"}, {"LOCALHOST", "/", to + "/"}, {"www.example.org", "/", "https://www.example.org:" + port + "/"},
		{"localhost", "//evil.example/x", to + "/evil.example/x"}, {"localhost", "////", to + "/"}, {"localhost", "/\\evil", "400"}, {"localhost", "/%5cevil", "400"}, {"localhost", "/%5Cevil", "400"},
		{"localhost", "/%0d%0aSet-Cookie:x", "400"}, {"localhost", "/.//evil", to + "/evil"}, {"localhost", "/..//evil", "400"}, {"evil", "/", "404"}, {"evil.org:80", "/", "404"}, {"localhost.evil", "/", "404"},
		{"localhost", "http://localhost/x", to + "/x"}, {"localhost", "http://evil/x", "400|404"}, {"localhost@evil", "/", "400"},
	} {
		t.Run(c.host+" "+c.target, func(t *testing.T) {
			raw := proxytest.DialRaw(t, p.Addr("redirect"))
			raw.Send("GET " + c.target + " HTTP/1.1\r\nHost: " + c.host + "\r\n\r\n")
			a, err := raw.Answer("GET")
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprint(a.Status)
			if location := a.Header.Get("Location"); location != "" {
				if got = location; a.Status != 308 {
					t.Errorf("status %d, want 308", a.Status)
				}
			}
			if !strings.Contains("|"+c.want+"|", "|"+got+"|") || a.Header.Get("Set-Cookie") != "" {
				t.Errorf("got %s, want %s; header %v", got, c.want, a.Header)
			}
		})
	}
	if n := len(rec.Requests()); n != 0 {
		t.Errorf("%d requests reached the backend", n)
	}
}
