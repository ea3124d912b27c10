package integration

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// behind starts a standard server and a door in front of it.
func behind(t testing.TB, h http.HandlerFunc, more string) *proxytest.Sterling {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", strings.TrimPrefix(s.URL, "http://")) + more})
}

func TestEventsAndSlowAnswersAreFlushedAtOnce(t *testing.T) {
	t.Parallel()
	seen := make(chan string) // what the client has read, before the backend goes on
	p := behind(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/events" {
			w.Header().Set("Content-Type", "text/event-stream")
		} else {
			w.Header().Set("Content-Length", "10")
		}
		for i := range 5 {
			_, _ = fmt.Fprintf(w, "%d\n", i) // a client that left shows below
			_ = http.NewResponseController(w).Flush()
			select {
			case <-seen:
			case <-time.After(10 * time.Second):
				return
			}
		}
	}, "")
	for _, m := range modes {
		for _, path := range []string{"/events", "/known"} {
			t.Run(m.name+path, func(t *testing.T) {
				res, err := m.client(p).Do(request(t, "GET", p.URL(m.listener)+path, ""))
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = res.Body.Close() }()
				lines := bufio.NewReader(res.Body)
				for i := range 5 {
					line, err := lines.ReadString('\n')
					if err != nil || line != fmt.Sprintf("%d\n", i) {
						t.Fatalf("line %q, %v", line, err)
					}
					select {
					case seen <- line:
					case <-time.After(10 * time.Second):
						t.Fatal("the backend has given up")
					}
				}
			})
		}
	}
}

// A pool says how long its streams may be silent.
func TestASilentStreamLastsAsLongAsItsPoolSays(t *testing.T) {
	t.Parallel()
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			goOn := make(chan struct{})
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = io.WriteString(w, "data: 1\n\n") // a client that left shows below
				_ = http.NewResponseController(w).Flush()
				select {
				case <-goOn:
				case <-r.Context().Done():
				}
				_, _ = io.WriteString(w, "data: 2\n\n") // as above
			}))
			t.Cleanup(s.Close)
			addr := strings.TrimPrefix(s.URL, "http://")
			p := proxytest.Start(t, proxytest.Options{Listener: "write_idle = \"900ms\"\nbody_idle = \"900ms\"", Config: "[[route]]\npool = \"patient\"\n[[route]]\npaths = [\"/hasty\"]\npool = \"hasty\"\n" +
				proxytest.OnlyPool("patient", "", addr) + "[pool.timeout]\nbody_idle = \"10m\"\n" +
				proxytest.OnlyPool("hasty", "", addr) + "[pool.timeout]\nbody_idle = \"900ms\"\n"})
			ends := func(path string) <-chan string {
				ended := make(chan string, 1)
				res, err := m.client(p).Do(request(t, "GET", p.URL(m.listener)+path, ""))
				if err != nil {
					t.Fatal(err)
				}
				go func() {
					all, err := io.ReadAll(res.Body)
					_ = res.Body.Close()
					ended <- fmt.Sprintf("%q %v", all, err == nil)
				}()
				return ended
			}
			patient := ends("/")
			if got, want := <-ends("/hasty"), `"data: 1\n\n" false`; got != want {
				t.Errorf("where the pool has less time: %s, want %s", got, want)
			}
			// As long again, and longer by the time that it was open before.
			if got, want := <-ends("/hasty"), `"data: 1\n\n" false`; got != want {
				t.Errorf("where the pool has less time: %s, want %s", got, want)
			}
			close(goOn)
			if got, want := <-patient, `"data: 1\n\ndata: 2\n\n" true`; got != want {
				t.Errorf("where the pool has more time: %s, want %s", got, want)
			}
			for _, l := range p.WaitLines(3, nil) {
				if want := map[string]string{"patient": "ok", "hasty": "backend_body_idle"}[l.Pool]; l.End != want {
					t.Errorf("pool %s: end %q, want %q", l.Pool, l.End, want)
				}
			}
		})
	}
}

func TestTrailersPassBothWays(t *testing.T) {
	t.Parallel()
	p := behind(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
		w.Header().Set("X-Sum", "sum of "+r.Trailer.Get("X-Sent"))
	}, "")
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			req := request(t, "POST", p.URL(m.listener)+"/", "")
			req.Body, req.ContentLength = io.NopCloser(strings.NewReader("hello")), -1
			req.Trailer = http.Header{"X-Sent": {"five"}, "X-Forwarded-For": {"6.6.6.6"}}
			a := do(t, m.client(p), req)
			if a.body != "hello" || a.Trailer.Get("X-Sum") != "sum of five" {
				t.Errorf("body %q, trailer %v", a.body, a.Trailer)
			}
		})
	}
}

func TestContinueIsTheBackendsToSay(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil)
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", rec.Addr)})
	overBoth(t, p, func(t *testing.T, c *proxytest.Raw) {
		c.Send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
		first, err := c.Next("POST")
		if err != nil || first.Status != 100 {
			t.Fatalf("before the body: %v, %v; want 100", first, err)
		}
		c.Send("hello")
		if a, err := c.Answer("POST"); err != nil || a.Status != 200 {
			t.Fatalf("%v, %v", a, err)
		}
		if got := last(t, rec); string(got.Body) != "hello" || !got.WellFormed() {
			t.Errorf("the backend saw %v", got)
		}
	})
	t.Run("refused", func(t *testing.T) {
		p := behind(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusExpectationFailed) }, "")
		c := proxytest.DialRaw(t, p.Addr("plain"))
		c.Send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
		if a, err := c.Answer("POST"); err != nil || a.Status != 417 {
			t.Errorf("%v, %v; want 417 without a body", a, err)
		}
	})
}

func TestEarlyHintsArePassedOn(t *testing.T) {
	t.Parallel()
	p := behind(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Link", "</style.css>; rel=stylesheet")
		_, _ = io.WriteString(w, "page")
	}, "")
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			var hints []string
			trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				hints = append(hints, fmt.Sprint(code, h.Get("Link")))
				return nil
			}}
			req := request(t, "GET", p.URL(m.listener)+"/", "")
			a := do(t, m.client(p), req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
			if len(hints) != 1 || hints[0] != "103</style.css>; rel=preload" || a.body != "page" || a.Header.Get("Link") != "</style.css>; rel=stylesheet" {
				t.Errorf("hints %q, then %q with %v", hints, a.body, a.Header)
			}
		})
	}
}

func TestAnswersWithoutABody(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, func(r *proxytest.Recorded) proxytest.Reply {
		switch {
		case r.Method == "HEAD":
			return proxytest.Reply{Raw: "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: \"x\"\r\n\r\n"}
		case r.Target == "/204":
			return proxytest.Reply{Raw: "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n"}
		case r.Target == "/304":
			return proxytest.Reply{Raw: "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n"}
		}
		return proxytest.Text("")
	})
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", rec.Addr)})
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			c, u := m.client(p), p.URL(m.listener)
			head := do(t, c, request(t, "HEAD", u+"/", ""))
			if head.StatusCode != 200 || head.ContentLength != 1234 || head.Header.Get("Etag") != `"x"` || head.body != "" {
				t.Errorf("HEAD: %d, length %d, %q", head.StatusCode, head.ContentLength, head.body)
			}
			for path, code := range map[string]int{"/204": 204, "/304": 304, "/empty": 200} {
				a := do(t, c, request(t, "GET", u+path, ""))
				if a.StatusCode != code || a.body != "" || code == 204 && a.Header.Get("Content-Length") != "" {
					t.Errorf("%s: %d, %v, %q", path, a.StatusCode, a.Header, a.body)
				}
			}
		})
	}
}

func TestACutAnswerNeverLooksComplete(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		raw string
		cut bool
	}{
		"short of its length":      {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello", true},
		"chunks without an end":    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", true},
		"in the middle of a chunk": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nhello", true},
		"a chunk that is none":     {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n", true},
		"up to its close":          {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", proxytest.AnswerAndClose(t, c.raw).Addr)})
			for _, m := range modes {
				a, err := try(m.client(p), request(t, "GET", p.URL(m.listener)+"/", ""))
				if (err != nil) != c.cut || !c.cut && a.body != "hello" {
					t.Errorf("%s: body %q, error %v; want it cut: %v", m.name, a.body, err, c.cut)
				}
			}
			for _, l := range p.WaitLines(len(modes), nil) {
				if (l.End == "ok") == c.cut || l.End == "" || l.Status != 200 {
					t.Errorf("line %+v", l)
				}
			}
		})
	}
}

// overH2C starts a standard server that speaks HTTP/2 without TLS.
func overH2C(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// converse answers each line at once and ends with a status in its trailer, as
// gRPC does.
func converse(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("X-Proto", r.Proto)
	w.Header().Set("Trailer", "Grpc-Status")
	in := bufio.NewReader(r.Body)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			break
		}
		_, _ = io.WriteString(w, "echo "+line)
		_ = http.NewResponseController(w).Flush()
	}
	w.Header().Set("Grpc-Status", "0")
}

func TestConversationsOverHTTP2Backends(t *testing.T) {
	t.Parallel()
	ca := proxytest.NewCA(t)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(converse))
	secure.EnableHTTP2 = true
	secure.TLS = serverTLS(ca, "localhost")
	secure.StartTLS()
	t.Cleanup(secure.Close)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(secure.URL, "https://"))
	caFile := t.TempDir() + "/ca.pem"
	writeFile(t, caFile, string(ca.PEM()))
	for name, config := range map[string]string{
		"h2c": proxytest.OnlyPool("app", "protocol = \"h2c\"", overH2C(t, converse)),
		"h2":  proxytest.OnlyPool("app", "protocol = \"h2\"\n[pool.tls]\nca = \""+caFile+"\"", "https://localhost:"+port),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := proxytest.Start(t, proxytest.Options{Config: "[[route]]\npool = \"app\"\n" + config})
			for _, m := range modes[2:] {
				t.Run(m.name, func(t *testing.T) { talk(t, m.client(p), p.URL("front")+"/svc/Method") })
			}
		})
	}
}

// talk is a conversation in which each side waits for the other's word.
func talk(t *testing.T, c *http.Client, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	body, say := io.Pipe()
	req := request(t, "POST", url, "").WithContext(ctx)
	req.Body, req.ContentLength = body, -1
	req.Header.Set("Te", "trailers")
	go func() { _, _ = io.WriteString(say, "first\n") }()
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.Header.Get("X-Proto") != "HTTP/2.0" {
		t.Errorf("the backend was spoken to in %s", res.Header.Get("X-Proto"))
	}
	in := bufio.NewReader(res.Body)
	for i, word := range []string{"first\n", "second\n", "third\n"} {
		if i > 0 {
			_, _ = io.WriteString(say, word)
		}
		if line, err := in.ReadString('\n'); err != nil || line != "echo "+word {
			t.Fatalf("heard %q, %v", line, err)
		}
	}
	_ = say.Close()
	if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 || res.Trailer.Get("Grpc-Status") != "0" {
		t.Errorf("rest %q, %v; trailer %v", rest, err, res.Trailer)
	}
}

func TestHTTPSBackendsAreVerified(t *testing.T) {
	t.Parallel()
	ca, stranger := proxytest.NewCA(t), proxytest.NewCA(t)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	s.TLS = serverTLS(ca, "app.internal")
	s.StartTLS()
	t.Cleanup(s.Close)
	dir := t.TempDir()
	writeFile(t, dir+"/ca.pem", string(ca.PEM()))
	writeFile(t, dir+"/stranger.pem", string(stranger.PEM()))
	for name, c := range map[string]struct {
		tls    string
		status int
	}{
		"trusted":      {"ca = \"" + dir + "/ca.pem\"\nserver_name = \"app.internal\"", 200},
		"another name": {"ca = \"" + dir + "/ca.pem\"", 503},
		"another CA":   {"ca = \"" + dir + "/stranger.pem\"\nserver_name = \"app.internal\"", 503},
		"the system's": {"server_name = \"app.internal\"", 503},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := proxytest.Start(t, proxytest.Options{Config: "[[route]]\npool = \"app\"\n" + proxytest.OnlyPool("app", "[pool.tls]\n"+c.tls, s.URL)})
			a := do(t, p.Client(false), request(t, "POST", p.URL("plain")+"/", "x"))
			if a.StatusCode != c.status && (c.status == 200 || a.StatusCode != 502) {
				t.Errorf("status %d, want %d", a.StatusCode, c.status)
			}
			if l := p.WaitLines(1, nil)[0]; c.status != 200 && l.End != "tls_failed" {
				t.Errorf("line %+v", l)
			}
		})
	}
}

func TestAClientThatLeavesEndsTheBackendsWork(t *testing.T) {
	t.Parallel()
	begun, left := make(chan struct{}, 10), make(chan struct{}, 10)
	p := behind(t, func(_ http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		select {
		case <-r.Context().Done():
			left <- struct{}{}
		case <-time.After(15 * time.Second):
		}
	}, "")
	for _, m := range modes {
		ctx, leave := context.WithCancel(t.Context())
		go func() {
			defer leave()
			select {
			case <-begun:
			case <-time.After(10 * time.Second): // it never comes, which shows below
			}
		}()
		_, err := try(m.client(p), request(t, "GET", p.URL(m.listener)+"/", "").WithContext(ctx))
		if err == nil {
			t.Fatalf("%s: answered", m.name)
		}
		select {
		case <-left:
		case <-time.After(10 * time.Second):
			t.Errorf("%s: the backend was not told", m.name)
		}
	}
	for _, l := range p.WaitLines(len(modes), nil) {
		if l.End != "client_closed" || l.Status != 499 {
			t.Errorf("line %+v", l)
		}
	}
}
