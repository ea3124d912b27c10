package integration

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// openSocket opens a websocket through the plain listener.
func openSocket(t *testing.T, p *proxytest.Sterling) *proxytest.Raw {
	t.Helper()
	c := proxytest.DialRaw(t, p.Addr("plain"))
	c.Send(handshake + "\r\n")
	if a, err := c.Answer("GET"); err != nil || a.Status != 101 {
		t.Fatalf("answer %v, %v", a, err)
	}
	return c
}

func TestAReloadThatChangesNothingIsNotFelt(t *testing.T) {
	t.Parallel()
	ws := wsBackend(t)
	dead := proxytest.NewCounter(t, "b2", nil)
	config := proxytest.Pool("app", ws.Addr, dead.Addr) + "[pool.health]\ntype = \"tcp\"\ninterval = \"50ms\"\n"
	p := proxytest.Start(t, proxytest.Options{Config: config})
	dead.Close()
	p.Backend("b2", "down")
	m := modes[0]
	socket := openSocket(t, p) // first, or it takes the connection that is to stay idle
	a := do(t, p.Client(false), request(t, "GET", p.URL("plain")+"/", ""))
	cookie := pair(setCookies(a.Header, m.cookieName("app"))[0])
	before, conns := p.Status(), ws.Accepted()
	front := p.Addr("front")

	for range 3 {
		p.Reload()
		now := p.Status()
		for i, b := range now.Pools[0].Backends {
			was := before.Pools[0].Backends[i]
			if b.State != was.State || !b.Since.Equal(was.Since) || b.Requests < was.Requests {
				t.Errorf("backend %s was %+v and is %+v", b.Name, was, b)
			}
		}
		a := do(t, p.Client(false), request(t, "GET", p.URL("plain")+"/", "", "Cookie: "+cookie))
		if a.StatusCode != 200 || len(a.Header.Values("Set-Cookie")) != 0 {
			t.Errorf("after the reload: %d, Set-Cookie %q", a.StatusCode, a.Header.Values("Set-Cookie"))
		}
		socket.Send("still there")
		expect(t, socket, "still there")
	}
	// The checks' own connections carry no request.
	used := map[int]bool{}
	for _, r := range ws.Requests() {
		if !strings.EqualFold(r.Get("Upgrade"), "websocket") {
			used[r.Conn] = true
		}
	}
	if len(used) != 1 {
		t.Errorf("requests came on %d connections, want the idle one to be kept (accepted %d, now %d)", len(used), conns, ws.Accepted())
	}
	if p.Addr("front") != front {
		t.Error("a listener moved")
	}
	for _, l := range p.Lines() {
		for _, try := range l.Attempts {
			if try.Backend == "b2" {
				t.Errorf("a backend that was down was tried after a reload: %+v", l)
			}
		}
	}
}

func TestAReloadThatRemovesAServerMovesItsVisitorsOnce(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1", "b2")
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", c.addrs...)})
	m := modes[2]
	var cookie, backend string
	for backend != "b2" {
		cookie, backend = enter(t, p, m)
	}
	p.Write(proxytest.Pool("app", c.addrs[0]))
	p.Reload()
	url := p.URL(m.listener) + "/"
	a := do(t, p.Client(true), request(t, "GET", url, "", "Cookie: "+cookie))
	set := setCookies(a.Header, m.cookieName("app"))
	if a.body != "b1" || len(set) != 1 {
		t.Fatalf("answered by %s, Set-Cookie %q", a.body, set)
	}
	a = do(t, p.Client(true), request(t, "GET", url, "", "Cookie: "+pair(set[0])))
	if a.body != "b1" || len(a.Header.Values("Set-Cookie")) != 0 {
		t.Errorf("answered by %s, Set-Cookie %q", a.body, a.Header.Values("Set-Cookie"))
	}
}

func TestABadFileLeavesTheOldConfigurationServing(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1")
	config := proxytest.Pool("app", c.addrs...)
	p := proxytest.Start(t, proxytest.Options{Config: config})
	for name, bad := range map[string]string{
		"not TOML":       config + "\n[[route",
		"an unknown key": strings.Replace(config, "[[route]]", "[[route]]\nhots = [\"x\"]", 1),
		"no such pool":   strings.Replace(config, "pool = \"app\"", "pool = \"ap\"", 1),
		"no certificate": "[[tls.certificate]]\ncert = \"nowhere.pem\"\nkey = \"nowhere.key\"\n" + config,
		"empty":          "",
	} {
		p.Write(bad)
		if name == "empty" {
			writeFile(t, p.File, "")
		}
		code, body := p.Admin("POST", "/api/v1/reload")
		if code < 400 || !strings.Contains(body, "problem") {
			t.Errorf("%s: %d %s", name, code, body)
		}
		if st := p.Status(); st.Generation != 1 || !st.Ready {
			t.Errorf("%s: generation %d, ready %v", name, st.Generation, st.Ready)
		}
		if a := do(t, p.Client(true), request(t, "GET", p.URL("front")+"/", "")); a.StatusCode != 200 {
			t.Errorf("%s: status %d", name, a.StatusCode)
		}
	}
	logged := len(p.Log())
	p.Signal(syscall.SIGHUP)
	proxytest.Eventually(t, "the log to name the file and its fault", func() bool {
		return strings.Contains(p.Log()[logged:], "sterling.toml")
	})
	p.Write(config)
	var body string
	if !proxytest.Within(10*time.Second, func() bool {
		var code int
		code, body = p.Admin("POST", "/api/v1/reload") // 409 while the one before is not over
		return code == 200
	}) {
		t.Errorf("the good file: %s", body)
	}
}

func TestAReloadThatTakesARouteAwayClosesItsSockets(t *testing.T) {
	t.Parallel()
	ws, app := wsBackend(t), proxytest.NewRecorder(t, nil)
	stays := routeTo("stays", `paths = ["/ws"]`, ws)
	p := proxytest.Start(t, proxytest.Options{Config: stays + routeTo("goes", `paths = ["/gone"]`, ws) + routeTo("app", "", app)})
	kept := openSocket(t, p)
	gone := proxytest.DialRaw(t, p.Addr("plain"))
	gone.Send(strings.Replace(handshake, "/ws", "/gone", 1) + "\r\n")
	if a, err := gone.Answer("GET"); err != nil || a.Status != 101 {
		t.Fatalf("answer %v, %v", a, err)
	}
	p.Write(stays + routeTo("app", "", app))
	p.Reload()
	wantGoingAway(t, gone)
	kept.Send("still there")
	expect(t, kept, "still there")
}

// wantGoingAway reads a websocket's Close frame of 1001 and the end.
func wantGoingAway(t *testing.T, c *proxytest.Raw) {
	t.Helper()
	head := make([]byte, 4)
	for i := range head {
		b, err := c.Reader().ReadByte()
		if err != nil {
			t.Fatalf("waiting for a Close frame: %v", err)
		}
		head[i] = b
	}
	if head[0] != 0x88 || head[1]&0x80 != 0 || head[2] != 0x03 || head[3] != 0xe9 {
		t.Fatalf("got % x, want an unmasked Close frame of 1001", head)
	}
	c.Send("\x88\x82\x01\x02\x03\x04\x02\xeb") // the Close frame that answers it, masked
	if _, closed := c.Rest(15 * time.Second); !closed {
		t.Error("the connection stays open behind the Close frame")
	}
}
