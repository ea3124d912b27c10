package integration

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

const (
	handshake = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)

// echo sends back what it gets, once the protocol was switched.
func echo(c net.Conn, r *bufio.Reader) {
	_, _ = io.Copy(c, r) // until either side hangs up
}

// wsBackend switches protocols when it is asked to, and echoes.
func wsBackend(t testing.TB) *proxytest.Recorder {
	t.Helper()
	return proxytest.NewRecorder(t, func(r *proxytest.Recorded) proxytest.Reply {
		if strings.EqualFold(r.Get("Upgrade"), "websocket") {
			return proxytest.Reply{Raw: switching, Do: echo}
		}
		return proxytest.Text("plain")
	})
}

// overBoth runs a scenario over plain TCP and over TLS.
func overBoth(t *testing.T, p *proxytest.Sterling, scenario func(*testing.T, *proxytest.Raw)) {
	t.Helper()
	t.Run("plain", func(t *testing.T) { scenario(t, proxytest.DialRaw(t, p.Addr("plain"))) })
	t.Run("tls", func(t *testing.T) { scenario(t, proxytest.DialRawTLS(t, p.Addr("front"), p.CA, "localhost")) })
}

// expect reads exactly want from the stream behind an answer of 101.
func expect(t *testing.T, c *proxytest.Raw, want string) {
	t.Helper()
	buf := make([]byte, len(want))
	if _, err := io.ReadFull(c.Reader(), buf); err != nil || string(buf) != want {
		t.Fatalf("read %q, %v; want %q", buf, err, want)
	}
}

func TestWebsocketTunnelCarriesBytesBothWays(t *testing.T) {
	t.Parallel()
	ws := wsBackend(t)
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", ws.Addr)})
	overBoth(t, p, func(t *testing.T, c *proxytest.Raw) {
		c.Send(handshake + "\r\n" + "ahead of the answer")
		a, err := c.Answer("GET")
		if err != nil || a.Status != 101 || !strings.EqualFold(a.Header.Get("Upgrade"), "websocket") {
			t.Fatalf("answer %v, %v", a, err)
		}
		if a.Header.Get("Sec-Websocket-Accept") == "" {
			t.Error("Sec-WebSocket-Accept was lost")
		}
		if len(a.Header.Values("Set-Cookie")) != 1 {
			t.Errorf("Set-Cookie %q, want the affinity cookie", a.Header.Values("Set-Cookie"))
		}
		expect(t, c, "ahead of the answer")
		for _, s := range []string{"a", strings.Repeat("b", 100_000), "c"} {
			c.Send(s)
			expect(t, c, s)
		}
		_ = c.Close()
	})
	for _, l := range p.WaitLines(2, nil) {
		if l.Status != 101 || l.BytesIn < 100_000 || l.BytesOut < 100_000 || l.End == "" || l.Affinity != "new" {
			t.Errorf("line %+v", l)
		}
	}
}

func TestBytesBehindAHandshakeWaitForTheBackendsYes(t *testing.T) {
	t.Parallel()
	no := proxytest.NewRecorder(t, func(r *proxytest.Recorded) proxytest.Reply {
		if r.Target != "/ws" {
			return proxytest.Reply{Raw: proxytest.OK}
		}
		return proxytest.Reply{Raw: "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"}
	})
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", no.Addr)})
	for name, c := range map[string]struct {
		behind string
		http   bool // without an upgrade it is the next request
	}{
		"a request":                {"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n", true},
		"a frame":                  {"\x81\x85\x01\x02\x03\x04igomn", false},
		"frames by the thousand":   {strings.Repeat("\x82\xfe\x00\x80\x00\x00\x00\x00"+strings.Repeat("s", 128), 5000), false},
		"the preface of HTTP/2":    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", false},
		"a handshake of TLS":       {"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", false},
		"bytes of all kinds":       {"\x00\xff\x80\n\x00\r\n\r\n\xfe", false},
		"a line of text":           {"+OK smuggled\r\n", false},
		"a byte":                   {"\x00", false},
		"line ends":                {"\r\n\r\n\r\n\r\n", false},
		"a chunk":                  {"5\r\nhello\r\n0\r\n\r\n", false},
		"the answer it hopes for":  {switching, false},
		"half a request":           {"GET /smuggled HT", false},
		"a line end and a request": {"\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, p, func(t *testing.T, raw *proxytest.Raw) {
				no.Reset()
				raw.Send(handshake + "\r\n" + c.behind)
				if a, err := raw.Answer("GET"); err != nil || a.Status != 403 || a.Body != "no" {
					t.Fatalf("answer %v, %v", a, err)
				}
				// What stood behind the handshake is, without an upgrade, the next request:
				// it may be answered as one, or not at all, but never be part of the first.
				if c.http {
					_, _ = raw.Rest(500 * time.Millisecond)
				}
				_ = raw.Close()
				seen := settled(t, p.Addr("plain"), no)
				if len(seen) == 0 || len(seen) > 1 && !c.http {
					t.Errorf("the backend saw %d requests", len(seen))
				}
				for i, r := range seen {
					if !r.WellFormed() || i > 1 || i == 1 && !r.Has("X-Request-Id") {
						t.Errorf("the backend saw %v", r)
					}
				}
			})
		})
	}
}

func TestOnlyAllowedUpgradesReachABackend(t *testing.T) {
	t.Parallel()
	rec := wsBackend(t)
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", rec.Addr)})
	const plain = "GET /ws HTTP/1.1\r\nHost: localhost\r\n"
	const key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	for name, head := range map[string]string{
		"h2c":                    plain + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
		"another token":          plain + "Connection: Upgrade\r\nUpgrade: foo\r\n",
		"websocket and h2c":      plain + "Connection: Upgrade\r\nUpgrade: h2c, websocket\r\nSec-WebSocket-Version: 13\r\n",
		"not-upgrade":            plain + "Connection: not-upgrade\r\nUpgrade: websocket\r\n" + key,
		"no Connection":          plain + "Upgrade: websocket\r\n" + key,
		"not websocket but like": plain + "Connection: Upgrade\r\nUpgrade: websockets\r\n" + key,
		"no key":                 plain + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
		"POST":                   "POST /ws HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + key,
		"HTTP/1.0":               "GET /ws HTTP/1.0\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + key,
	} {
		t.Run(name, func(t *testing.T) {
			rec.Reset()
			c := proxytest.DialRaw(t, p.Addr("plain"))
			c.Send(head + "\r\n")
			a, err := c.Answer("GET")
			if err != nil || a.Status == 101 {
				t.Fatalf("answer %v, %v", a, err)
			}
			for _, r := range rec.Requests() {
				if r.Has("Upgrade") || r.Has("HTTP2-Settings") || strings.Contains(strings.ToLower(r.Get("Connection")), "upgrade") {
					t.Errorf("the backend saw %v", r)
				}
			}
			if len(rec.Requests()) == 0 && a.Status < 400 {
				t.Errorf("nothing reached the backend, and the answer is %v", a)
			}
		})
	}
}

func TestConnectionIsCleanedOnTheUpgradePathToo(t *testing.T) {
	t.Parallel()
	rec := wsBackend(t)
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", rec.Addr)})
	c := proxytest.DialRaw(t, p.Addr("plain"))
	c.Send("GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade, x-internal-user, X-Forwarded-For\r\nUpgrade: WebSocket\r\nX-Internal-User: root\r\nX-Forwarded-For: 6.6.6.6\r\nKeep-Alive: 300\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	if a, err := c.Answer("GET"); err != nil || a.Status != 101 {
		t.Fatalf("answer %v, %v", a, err)
	}
	r := last(t, rec)
	if r.Has("X-Internal-User") || r.Has("Keep-Alive") || r.Get("X-Forwarded-For") != "127.0.0.1" ||
		!strings.EqualFold(r.Get("Connection"), "Upgrade") || !strings.EqualFold(r.Get("Upgrade"), "websocket") {
		t.Errorf("the backend saw %v", r)
	}
}

func TestASwitchThatNobodyAskedForIsABadAnswer(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, func(*proxytest.Recorded) proxytest.Reply {
		return proxytest.Reply{Raw: switching, Do: echo}
	})
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", rec.Addr)})
	c := proxytest.DialRaw(t, p.Addr("plain"))
	c.Send("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if a, err := c.Answer("GET"); err != nil || a.Status != 502 {
		t.Errorf("answer %v, %v; want 502", a, err)
	}
	proxytest.Eventually(t, "the backend connection to be closed", func() bool { return rec.Busy() == 0 })
}

func TestASwitchToAnotherProtocolIsABadAnswer(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, func(*proxytest.Recorded) proxytest.Reply {
		return proxytest.Reply{Raw: strings.Replace(switching, "websocket", "h2c", 1), Do: echo}
	})
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", rec.Addr)})
	c := proxytest.DialRaw(t, p.Addr("plain"))
	c.Send(handshake + "\r\n")
	if a, err := c.Answer("GET"); err != nil || a.Status != 502 {
		t.Errorf("answer %v, %v; want 502", a, err)
	}
}

func TestAConnectionThatRefusedAnUpgradeIsNotReused(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil) // 200 with a body, to everything
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", rec.Addr)})
	c := proxytest.DialRaw(t, p.Addr("plain"))
	c.Send(handshake + "\r\n")
	if a, err := c.Answer("GET"); err != nil || a.Status != 200 || a.Body != "ok" {
		t.Fatalf("answer %v, %v", a, err)
	}
	other := proxytest.DialRaw(t, p.Addr("plain"))
	other.Send("GET /b HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if a, err := other.Answer("GET"); err != nil || a.Status != 200 {
		t.Fatalf("answer %v, %v", a, err)
	}
	if got := rec.Requests(); len(got) != 2 || got[0].Conn == got[1].Conn {
		t.Errorf("both requests came on one connection: %v", list(got))
	}
}

func TestATunnelEndsWithEitherSide(t *testing.T) {
	t.Parallel()
	hangUp := proxytest.NewRecorder(t, func(*proxytest.Recorded) proxytest.Reply {
		return proxytest.Reply{Raw: switching, Do: func(c net.Conn, r *bufio.Reader) {
			line, _ := r.ReadString('\n')
			_, _ = io.WriteString(c, "bye "+line)
		}}
	})
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", hangUp.Addr)})
	c := proxytest.DialRaw(t, p.Addr("plain"))
	c.Send(handshake + "\r\n")
	if a, err := c.Answer("GET"); err != nil || a.Status != 101 {
		t.Fatalf("answer %v, %v", a, err)
	}
	c.Send("you\n")
	expect(t, c, "bye you\n")
	if !c.Closed(10 * time.Second) {
		t.Error("the client's side stays open after the backend hung up")
	}
	p.WaitLines(1, func(l proxytest.Line) bool { return l.Status == 101 })
}

func TestAnIdleTunnelIsClosed(t *testing.T) {
	t.Parallel()
	ws := wsBackend(t)
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", ws.Addr) + "[pool.timeout]\ntunnel = \"300ms\"\n"})
	c := proxytest.DialRaw(t, p.Addr("plain"))
	c.Send(handshake + "\r\n")
	if a, err := c.Answer("GET"); err != nil || a.Status != 101 {
		t.Fatalf("answer %v, %v", a, err)
	}
	if _, closed := c.Rest(10 * time.Second); !closed {
		t.Error("the tunnel stays open")
	}
	proxytest.Eventually(t, "the backend's side to be closed", func() bool { return ws.Busy() == 0 })
}

func TestAnotherUpgradeIsTunnelledWhereTheRouteAllowsIt(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, func(r *proxytest.Recorded) proxytest.Reply {
		return proxytest.Reply{Raw: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat/1\r\n\r\n", Do: echo}
	})
	p := proxytest.Start(t, proxytest.Options{Config: strings.Replace(proxytest.Pool("app", rec.Addr), "[[route]]", "[[route]]\nupgrade = [\"websocket\", \"chat/1\"]", 1)})
	c := proxytest.DialRaw(t, p.Addr("plain"))
	c.Send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: chat/1\r\n\r\n")
	if a, err := c.Answer("GET"); err != nil || a.Status != 101 {
		t.Fatalf("answer %v, %v", a, err)
	}
	c.Send("hello")
	expect(t, c, "hello")
}

// The same questions to the standard library's reverse proxy: it passes any
// token on and reuses what refused one.
func TestUpgradeQuestionsFindFaultWithTheStockProxy(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil)
	c := proxytest.DialRaw(t, proxytest.Stock(t, rec.Addr))
	c.Send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
	if _, err := c.Answer("GET"); err != nil {
		t.Fatal(err)
	}
	if !last(t, rec).Has("Upgrade") {
		t.Error("the stock proxy does not pass an h2c upgrade on: the tests above may be blind")
	}
}
