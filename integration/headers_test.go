package integration

import (
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"sterling/internal/proxytest"
)

// identities are headers in which a backend may believe who its client is.
var identities = []string{
	"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server", "X-Forwarded-Prefix",
	"X-Real-IP", "Forwarded", "X-SSL-Subject", "X-SSL-Client-Verify", "X-SSL-Cipher", "X-Client-Cert", "X-Client-IP", "Remote-User", "Proxy",
	"X_Forwarded_For", "X-Forwarded_Proto", "x_ssl_client_verify", "X_Real_IP", "x_request_id",
}

const forged = "6.6.6.6"

func spoofs() []string {
	var out []string
	for _, name := range identities {
		out = append(out, name+": "+forged)
	}
	return append(out, "X-Request-Id: "+forged)
}

func TestClientsCannotSayWhoTheyAre(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil)
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", rec.Addr)})
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			u := p.URL(m.listener)
			do(t, m.client(p), request(t, "GET", u+"/", "", spoofs()...))
			r := last(t, rec)
			if strings.Contains(string(r.Raw), forged) {
				t.Errorf("what the client claims was passed on: %v", r)
			}
			scheme, host, _ := strings.Cut(u, "://")
			_, port, _ := net.SplitHostPort(host)
			for name, want := range map[string]string{
				"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": host, "X-Forwarded-Proto": scheme, "X-Forwarded-Port": port, "Host": host,
			} {
				if r.Get(name) != want || len(r.Alias(name)) != 1 {
					t.Errorf("%s is %q in %d lines, want %q", name, r.Get(name), len(r.Alias(name)), want)
				}
			}
			if id := r.Get("X-Request-Id"); !regexp.MustCompile(`^[!-~]{8,}$`).MatchString(id) {
				t.Errorf("X-Request-Id %q", id)
			}
		})
	}
	for _, l := range p.WaitLines(len(modes), nil) {
		if l.Client != "127.0.0.1" || l.ID == forged || l.ID == "" {
			t.Errorf("line %+v", l)
		}
	}
}

func TestConnectionCannotNameWhatTheDoorSets(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil)
	p := proxytest.Start(t, proxytest.Options{Config: strings.Replace(proxytest.Pool("app", rec.Addr), "[[pool]]", "forwarded = true\n[route.request.set]\nX-Front = \"door\"\n[[pool]]", 1)})
	c := proxytest.DialRaw(t, p.Addr("plain"))
	names := []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Real-IP", "X-Request-Id", "Forwarded", "X-Front", "Host"}
	c.Send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close, X-Mine, " + strings.Join(names, ", ") + "\r\nX-Mine: 1\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n")
	if a, err := c.Answer("GET"); err != nil || a.Status != 200 {
		t.Fatalf("answer %v, %v", a, err)
	}
	r := last(t, rec)
	for _, name := range names {
		if len(r.Values(name)) != 1 || r.Get(name) == "" || r.Get(name) == forged {
			t.Errorf("%s is %q", name, r.Values(name))
		}
	}
	for name, want := range map[string]string{"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "localhost", "X-Forwarded-Proto": "http", "X-Front": "door", "X-Real-IP": "127.0.0.1"} {
		if got := r.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if r.Has("X-Mine") {
		t.Error("a header that Connection names was passed on")
	}
}

// Rules that put parts of a request together make no other header of them.
func TestEscapedLineEndsInRulesMakeNoHeaders(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil)
	rules := "[route.request.set]\nX-Path = \"at ${path}\"\nX-Query = \"${query}\"\n[route.response.set]\nX-Was = \"${path}?${query}\"\n[[pool]]"
	p := proxytest.Start(t, proxytest.Options{Config: strings.Replace(proxytest.Pool("app", rec.Addr), "[[pool]]", rules, 1)})
	for _, m := range modes {
		for _, target := range []string{"/a%0d%0aX-Evil:%201", "/a%0aX-Evil:1", "/a%0dX-Evil:1", "/a?q=%0d%0aX-Evil:%201", "/a%00b", "/%E5%98%8A%E5%98%8DX-Evil:1"} {
			before := len(rec.Requests())
			res := do(t, m.client(p), request(t, "GET", p.URL(m.listener)+target, ""))
			if res.Header.Get("X-Evil") != "" {
				t.Errorf("%s, %s: the answer has a header more: %v", m.name, target, res.Header)
			}
			if was := res.Header.Get("X-Was"); strings.ContainsAny(was, "\r\n\x00") {
				t.Errorf("%s, %s: X-Was is %q", m.name, target, was)
			}
			for _, r := range rec.Requests()[before:] {
				if r.Has("X-Evil") || strings.Contains(string(r.Raw), "\nX-Evil") || strings.Contains(string(r.Raw), "\rX-Evil") {
					t.Errorf("%s, %s: the backend got\n%s", m.name, target, r.Raw)
				}
			}
			if len(rec.Requests()) == before && res.StatusCode != 400 {
				t.Errorf("%s, %s: %d, and nothing came to the backend", m.name, target, res.StatusCode)
			}
		}
	}
}

func TestForwardedFollowsRFC7239WhereTheRouteAsksForIt(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil)
	p := proxytest.Start(t, proxytest.Options{Config: strings.Replace(proxytest.Pool("app", rec.Addr), "[[route]]", "[[route]]\nforwarded = true", 1)})
	u := p.URL("front")
	do(t, p.Client(true), request(t, "GET", u+"/", "", "Forwarded: for=6.6.6.6"))
	got := last(t, rec).Get("Forwarded")
	host := strings.TrimPrefix(u, "https://")
	for _, part := range []string{"for=127.0.0.1", "proto=https", "host=\"" + host + "\""} {
		if !strings.Contains(got, part) || strings.Contains(got, forged) {
			t.Errorf("Forwarded: %s; want %s in it", got, part)
		}
	}
}

func TestTrustedProxiesAreWalkedFromTheRight(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil)
	p := proxytest.Start(t, proxytest.Options{Listener: `trusted_proxies = ["127.0.0.0/8", "10.0.0.0/8"]`, Config: proxytest.Pool("app", rec.Addr)})
	for name, c := range map[string]struct{ chain, client string }{
		"nothing said":                  {"", "127.0.0.1"},
		"one client":                    {"1.1.1.1", "1.1.1.1"},
		"a claim left of the client":    {"6.6.6.6, 2.2.2.2", "2.2.2.2"},
		"a trusted proxy in between":    {"6.6.6.6, 2.2.2.2, 10.1.2.3", "2.2.2.2"},
		"rubbish left of the client":    {"rubbish, 2.2.2.2", "2.2.2.2"},
		"rubbish at the right":          {"2.2.2.2, rubbish", "127.0.0.1"},
		"all of them trusted":           {"10.1.1.1, 10.2.2.2", "10.1.1.1"},
		"an address of version 6":       {"2001:db8::1", "2001:db8::1"},
		"an address with its port":      {"2.2.2.2:4711", "2.2.2.2"},
		"an address of 6 with its port": {"[2001:db8::1]:4711", "2001:db8::1"},
	} {
		t.Run(name, func(t *testing.T) {
			lines := []string{"X-Forwarded-Proto: https", "X-Forwarded-Host: www.example.org", "X-Request-Id: from-outside-1"}
			if c.chain != "" {
				lines = append(lines, "X-Forwarded-For: "+c.chain)
			}
			do(t, p.Client(false), request(t, "GET", p.URL("plain")+"/", "", append(lines, "X_Forwarded_For: "+forged)...))
			r := last(t, rec)
			if got := r.Get("X-Forwarded-For"); strings.Contains(got, forged) || strings.Contains(got, "rubbish") || !strings.HasPrefix(got, c.client) {
				t.Errorf("X-Forwarded-For: %s; want it to begin with %s", got, c.client)
			}
			if r.Get("X-Forwarded-Proto") != "https" || r.Get("X-Forwarded-Host") != "www.example.org" || r.Get("X-Request-Id") != "from-outside-1" {
				t.Errorf("a trusted proxy's word was lost: %v", r)
			}
		})
		if all := p.Lines(); len(all) > 0 && all[len(all)-1].ID != "from-outside-1" {
			t.Errorf("line %+v", all[len(all)-1])
		}
	}
	proxytest.Eventually(t, "lines of all clients", func() bool {
		seen := map[string]bool{}
		for _, l := range p.Lines() {
			seen[l.Client] = true
		}
		return seen["1.1.1.1"] && seen["2.2.2.2"] && seen["2001:db8::1"] && seen["127.0.0.1"] && seen["10.1.1.1"] && !seen[forged]
	})
}

func TestHopByHopHeadersStayOnTheirHop(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, func(*proxytest.Recorded) proxytest.Reply {
		return proxytest.Text("ok", "Connection: X-Secret, keep-alive", "X-Secret: 1", "Keep-Alive: timeout=5", "Proxy-Authenticate: Basic", "Upgrade: h2c", "X-Kept: yes", "TE: x", "Trailer: none")
	})
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", rec.Addr)})
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			lines := []string{"X-Kept: yes", "Proxy-Authorization: Basic eA=="}
			if !m.framed() {
				lines = append(lines, "Connection: X-Secret", "X-Secret: 1", "Keep-Alive: timeout=5", "TE: gzip", "Proxy-Connection: keep-alive")
			}
			a := do(t, m.client(p), request(t, "GET", p.URL(m.listener)+"/", "", lines...))
			for _, name := range []string{"X-Secret", "Keep-Alive", "Upgrade", "Proxy-Authenticate", "Te"} {
				if a.Header.Get(name) != "" {
					t.Errorf("%s came back: %q", name, a.Header.Get(name))
				}
			}
			r := last(t, rec)
			for _, name := range []string{"X-Secret", "Keep-Alive", "Te", "Proxy-Connection", "Proxy-Authorization"} {
				if r.Has(name) {
					t.Errorf("%s was passed on: %q", name, r.Get(name))
				}
			}
			if r.Get("X-Kept") != "yes" || a.Header.Get("X-Kept") != "yes" {
				t.Error("an ordinary header was lost")
			}
		})
	}
}

func TestWhatTheClientDidNotSendIsNotMadeUp(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil)
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", rec.Addr)})
	c := proxytest.DialRaw(t, p.Addr("plain"))
	c.Send("GET / HTTP/1.1\r\nHost: localhost\r\nX-A:  two  words \r\nX-A: again\r\n\r\n")
	if a, err := c.Answer("GET"); err != nil || a.Status != 200 {
		t.Fatalf("answer %v, %v", a, err)
	}
	r := last(t, rec)
	for _, name := range []string{"User-Agent", "Accept-Encoding", "Accept", "Referer", "Content-Length", "Transfer-Encoding", "Cookie"} {
		if r.Has(name) {
			t.Errorf("%s: %s was added", name, r.Get(name))
		}
	}
	if v := r.Values("X-A"); len(v) != 2 || v[0] != "two  words" || v[1] != "again" {
		t.Errorf("X-A is %q", v)
	}
}

func TestHostIsTheClientsUnlessThePoolSaysOtherwise(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil)
	config := "[[route]]\nhosts = [\"client.example.org\"]\npool = \"kept\"\n[[route]]\nhosts = [\"backend.example.org\"]\npool = \"own\"\n" +
		proxytest.OnlyPool("kept", "", rec.Addr) + proxytest.OnlyPool("own", "host = \"backend\"", rec.Addr)
	p := proxytest.Start(t, proxytest.Options{Config: config})
	for host, want := range map[string]string{"client.example.org": "client.example.org", "backend.example.org": rec.Addr} {
		do(t, p.Client(false), request(t, "GET", p.URL("plain")+"/", "", "Host: "+host))
		if r := last(t, rec); r.Get("Host") != want || r.Get("X-Forwarded-Host") != host {
			t.Errorf("Host %q, X-Forwarded-Host %q; want %q and %q", r.Get("Host"), r.Get("X-Forwarded-Host"), want, host)
		}
	}
}

func TestRulesOfARouteChangeHeaders(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, func(*proxytest.Recorded) proxytest.Reply {
		return proxytest.Text("ok", "Server: zope", "X-Old: 1", "Vary: Cookie")
	})
	rules := `[route.request]
remove = ["X-Gone"]
[route.request.set]
X-Front = "${host} ${path} ${client_ip} ${request_id}"
[route.request.add]
X-More = "door"
[route.response]
remove = ["Server"]
[route.response.set]
X-Old = "2"
[route.response.add]
Vary = "Accept"
[[pool]]`
	p := proxytest.Start(t, proxytest.Options{Config: strings.Replace(proxytest.Pool("app", rec.Addr), "[[pool]]", rules, 1)})
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			a := do(t, m.client(p), request(t, "GET", p.URL(m.listener)+"/p/q?x", "", "X-Gone: 1", "X-More: client", "X-Front: client"))
			r := last(t, rec)
			want := "localhost /p/q 127.0.0.1 " + r.Get("X-Request-Id")
			if r.Get("X-Front") != want || r.Has("X-Gone") || r.Get("X-More") != "client, door" {
				t.Errorf("the backend saw X-Front %q (want %q), X-Gone %q, X-More %q", r.Get("X-Front"), want, r.Get("X-Gone"), r.Get("X-More"))
			}
			if a.Header.Get("Server") != "" || a.Header.Get("X-Old") != "2" || strings.Join(a.Header.Values("Vary"), ", ") != "Cookie, Accept" {
				t.Errorf("the client saw %v", a.Header)
			}
		})
	}
}

func TestLinksThatNameABackendComeToNameTheDoor(t *testing.T) {
	t.Parallel()
	var rec *proxytest.Recorder
	rec = proxytest.NewRecorder(t, func(r *proxytest.Recorded) proxytest.Reply {
		to := strings.ReplaceAll(strings.TrimPrefix(r.Target, "/to?"), "BACKEND", rec.Addr)
		return proxytest.Reply{Raw: "HTTP/1.1 302 Found\r\nLocation: " + to + "\r\nContent-Location: " + to + "\r\nContent-Length: 0\r\n\r\n"}
	})
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", rec.Addr)})
	for _, m := range modes {
		u := p.URL(m.listener)
		for to, want := range map[string]string{
			"http://BACKEND/a?b=c":      u + "/a?b=c",
			"http://elsewhere.org/a":    "http://elsewhere.org/a",
			"https://elsewhere.org/a":   "https://elsewhere.org/a",
			"http://127.0.0.1:1/a":      "http://127.0.0.1:1/a",
			"/relative":                 "/relative",
			"http://BACKEND@evil.org/a": "http://BACKEND@evil.org/a",
		} {
			a := do(t, m.client(p), request(t, "GET", u+"/to?"+to, ""))
			want = strings.ReplaceAll(want, "BACKEND", rec.Addr)
			if a.Header.Get("Location") != want || a.Header.Get("Content-Location") != want {
				t.Errorf("%s: Location %q becomes %q, Content-Location %q; want %q", m.name, to, a.Header.Get("Location"), a.Header.Get("Content-Location"), want)
			}
		}
	}
}

func TestAnAnswerWithABrokenHeaderIsABadAnswer(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]string{
		"NUL in a value":   "X-A: b\x00c\r\nContent-Length: 2\r\n",
		"bare CR":          "X-A: b\rX-B: c\r\nContent-Length: 2\r\n",
		"no colon":         "X-A\r\nContent-Length: 2\r\n",
		"lengths differ":   "Content-Length: 2\r\nContent-Length: 3\r\n",
		"length of words":  "Content-Length: two\r\n",
		"coding twice":     "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
		"unknown coding":   "Transfer-Encoding: gzip, x\r\n",
		"space in a name":  "X A: b\r\nContent-Length: 2\r\n",
		"length and chunk": "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := proxytest.NewRecorder(t, func(*proxytest.Recorded) proxytest.Reply {
				return proxytest.Reply{Raw: "HTTP/1.1 200 OK\r\n" + head + "\r\nok", Close: true}
			})
			p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", rec.Addr)})
			a := do(t, p.Client(false), request(t, "POST", p.URL("plain")+"/", "x"))
			if a.StatusCode != http.StatusBadGateway || len(a.Header.Values("Set-Cookie")) != 0 {
				t.Errorf("answer %d %v %q", a.StatusCode, a.Header, a.body)
			}
			if n := len(rec.Requests()); n != 1 {
				t.Errorf("%d deliveries, want 1", n)
			}
		})
	}
}
