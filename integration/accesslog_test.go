package integration

import (
	"bufio"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// closeRead waits for the client to leave.
func closeRead(c net.Conn, _ *bufio.Reader) { _, _ = c.Read(make([]byte, 1)) }

// logged is a request and what its line must say.
type logged struct {
	send   string
	status int
	end    []string // one of them; none: any
}

// oneLineEach is a request for each way in which an exchange may end, by the
// name that it gives itself in User-Agent.
func oneLineEach() map[string]logged {
	line := func(target string) string { return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n" }
	return map[string]logged{
		"fine":          {line("/p?q=1"), 200, []string{"ok"}},
		"head":          {"HEAD /p HTTP/1.1\r\nHost: localhost\r\n\r\n", 200, []string{"ok"}},
		"no route":      {"GET / HTTP/1.1\r\nHost: elsewhere\r\n\r\n", 404, []string{"no_route"}},
		"bad host":      {"GET / HTTP/1.1\r\nHost: a..b\r\n\r\n", 400, []string{"bad_host"}},
		"bad target":    {line("/a%00"), 400, []string{"bad_target"}},
		"bad answer":    {line("/bad"), 502, []string{"bad_response", "backend_cut"}},
		"no answer":     {line("/none"), 502, []string{"backend_cut"}},
		"cut":           {line("/cut"), 200, []string{"backend_cut"}},
		"timeout":       {line("/silent"), 504, []string{"response_timeout"}},
		"upgrade":       {handshake + "\r\n", 101, nil},
		"too large":     {post + "Content-Length: 9999\r\n\r\n", 413, []string{"body_too_large"}},
		"stalled":       {post + "Content-Length: 9\r\n\r\nhello", 408, []string{"client_stalled"}},
		"broken chunks": {chunked + "\r\nzz\r\n", 400, []string{"bad_body"}},
		"long target":   {line("/" + strings.Repeat("a", 9<<10)), 414, []string{"uri_too_long"}},
		"many headers":  {get + strings.Repeat("X-A: b\r\n", 200) + "\r\n", 431, []string{"header_too_large"}},
	}
}

func TestEveryRequestHasExactlyOneLine(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, func(r *proxytest.Recorded) proxytest.Reply {
		switch r.Target {
		case "/cut":
			return proxytest.Reply{Raw: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", Close: true}
		case "/bad":
			return proxytest.Reply{Raw: "nonsense\r\n\r\n", Close: true}
		case "/none":
			return proxytest.Reply{}
		case "/ws":
			return proxytest.Reply{Raw: switching, Do: echo}
		case "/silent":
			return proxytest.Reply{Raw: "HTTP/1.1 103 Early Hints\r\n\r\n", Do: closeRead}
		}
		return proxytest.Text("hello", "X-A: b")
	})
	p := proxytest.Start(t, proxytest.Options{
		Listener: "body_idle = \"2s\"",
		Config:   strings.Replace(proxytest.Pool("app", rec.Addr), "[[route]]", "[[route]]\nhosts = [\"localhost\"]\nmax_body = \"1KiB\"\nmin_body_rate = 0", 1) + "[pool.timeout]\nresponse = \"3s\"\n",
	})
	addr := p.Addr("plain")
	send := func(id, bytes string) {
		c := proxytest.DialRaw(t, addr)
		c.Send(strings.Replace(bytes, "\r\n", "\r\nUser-Agent: "+id+"\r\nReferer: http://x/\r\n", 1))
		method, _, _ := strings.Cut(bytes, " ")
		_, _ = c.Answer(method)
		_ = c.Close()
	}
	want := oneLineEach()
	for id, w := range want {
		send(id, w.send)
	}
	// HTTP/2, and a client that leaves. With a FIN alone it might still read.
	do(t, p.Client(true), request(t, "GET", p.URL("front")+"/h2", "", "User-Agent: h2"))
	leaving := proxytest.DialRaw(t, p.Addr("plain"))
	seen := len(rec.Requests())
	leaving.Send("GET /silent HTTP/1.1\r\nHost: localhost\r\nUser-Agent: left\r\n\r\n")
	proxytest.Eventually(t, "it to be at the backend", func() bool { return len(rec.Requests()) > seen })
	_ = leaving.Conn.(*net.TCPConn).SetLinger(0)
	_ = leaving.Close()

	lines := p.WaitLines(len(want)+2, nil)
	time.Sleep(100 * time.Millisecond) // a second line for one of them would come by now
	if n := len(p.Lines()); n != len(want)+2 {
		t.Errorf("%d lines, want %d", n, len(want)+2)
	}
	ids := map[string]bool{}
	for _, l := range lines {
		w, ok := want[l.UserAgent]
		if ok && (l.Status != w.status || w.end != nil && !slices.Contains(w.end, l.End)) {
			t.Errorf("%s: status %d, end %q; want %d, one of %q", l.UserAgent, l.Status, l.End, w.status, w.end)
		}
		if l.UserAgent == "left" && (l.Status != 499 || l.End != "client_closed") {
			t.Errorf("a client that left: status %d, end %q", l.Status, l.End)
		}
		if l.UserAgent == "" || ids[l.UserAgent] || l.ID == "" || l.End == "" || l.Client != "127.0.0.1" || l.Duration < 0 {
			t.Errorf("line %+v", l)
		}
		ids[l.UserAgent] = true
	}
}

func TestALineHasAllItsKeysAndSaysTheTruth(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, func(*proxytest.Recorded) proxytest.Reply { return proxytest.Text("0123456789") })
	p := proxytest.Start(t, proxytest.Options{Config: strings.Replace(proxytest.Pool("app", rec.Addr), "[[route]]", "[[route]]\nname = \"portal\"", 1)})
	before := time.Now().Add(-time.Second)
	a := do(t, p.Client(true), request(t, "POST", p.URL("front")+"/a%20b?c=d", "hello", "User-Agent: agent \"7\"", "Referer: http://x/\xff", "Authorization: Basic c2VjcmV0", "Cookie: secret=value"))
	l := p.WaitLines(1, nil)[0]
	host := strings.TrimPrefix(p.URL("front"), "https://")
	if l.Time.Before(before) || l.Listener != "front" || l.Route != "portal" || l.Pool != "app" || l.Backend != "b1" || l.Affinity != "new" || l.End != "ok" ||
		l.Method != "POST" || l.Host != host || l.Path != "/a%20b" || l.Query != "c=d" || l.Proto != "HTTP/2.0" || l.Status != 200 || l.BytesIn != 5 || l.BytesOut != 10 ||
		l.UserAgent != `agent "7"` || l.Duration <= 0 || l.Header <= 0 || len(l.Attempts) != 1 || l.Attempts[0].Backend != "b1" || l.Attempts[0].Outcome != "ok" {
		t.Errorf("line %+v", l)
	}
	if l.ID != last(t, rec).Get("X-Request-Id") {
		t.Errorf("id %q, and the backend was told %q", l.ID, last(t, rec).Get("X-Request-Id"))
	}
	raw, err := os.ReadFile(filepath.Join(p.Dir, "access.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"c2VjcmV0", "secret=value", pair(a.Header.Get("Set-Cookie"))} {
		if strings.Contains(string(raw), secret) || strings.Contains(p.Log(), secret) {
			t.Errorf("%q is in a log", secret)
		}
	}
	// The second line has nothing to say in most places, and says so.
	do(t, p.Client(false), request(t, "CONNECT", p.URL("plain"), "", "Host: localhost"))
	p.WaitLines(2, nil)
	if raw, err = os.ReadFile(filepath.Join(p.Dir, "access.log")); err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(raw)) {
		var keys map[string]json.RawMessage
		if err := json.Unmarshal([]byte(l), &keys); err != nil {
			t.Fatal(err)
		}
		for _, k := range proxytest.Keys {
			if v, ok := keys[k]; !ok || string(v) == "null" {
				t.Errorf("key %s is %s in %s", k, v, l)
			}
		}
		var stamp string
		if _ = json.Unmarshal(keys["time"], &stamp); !strings.HasSuffix(stamp, "Z") || len(stamp) != len("2006-01-02T15:04:05.000Z") {
			t.Errorf("time %s", keys["time"])
		}
	}
}

func TestTheLogFollowsARotation(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil)
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", rec.Addr)})
	visit := func() { do(t, p.Client(false), request(t, "GET", p.URL("plain")+"/", "")) }
	visit()
	p.WaitLines(1, nil)
	file := filepath.Join(p.Dir, "access.log")
	if err := os.Rename(file, file+".1"); err != nil {
		t.Fatal(err)
	}
	visit()
	proxytest.Eventually(t, "a line in the renamed file", func() bool {
		data, err := os.ReadFile(file + ".1")
		return err == nil && strings.Count(string(data), "\n") == 2
	})
	p.Signal(syscall.SIGUSR1)
	proxytest.Eventually(t, "the file to be made anew", func() bool { _, err := os.Stat(file); return err == nil })
	visit()
	p.WaitLines(1, nil)
}

func TestAFullDiskBlocksNobody(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil)
	p := proxytest.Start(t, proxytest.Options{AccessLog: "output = \"/dev/full\"\nqueue = 16", Config: proxytest.Pool("app", rec.Addr)})
	client, url := p.Client(false), p.URL("plain")+"/"
	for range 500 {
		if a := do(t, client, request(t, "GET", url, "")); a.StatusCode != 200 {
			t.Fatalf("status %d", a.StatusCode)
		}
	}
	proxytest.Eventually(t, "the losses to be counted", func() bool {
		l := p.Status().AccessLog
		return l.Dropped > 0 && l.Dropped+l.Written >= 500
	})
	p.Stop()
}

func TestAReaderThatStopsBlocksNobody(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil)
	dir := t.TempDir()
	fifo := filepath.Join(dir, "log")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		proxytest.Skip(t, "no named pipes: "+err.Error())
	}
	r, err := os.OpenFile(fifo, os.O_RDWR, 0) // open, and never read
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	p := proxytest.Start(t, proxytest.Options{AccessLog: "output = \"" + fifo + "\"\nqueue = 16", Config: proxytest.Pool("app", rec.Addr)})
	client, url := p.Client(false), p.URL("plain")+"/"
	for range 1000 {
		if a := do(t, client, request(t, "GET", url, "")); a.StatusCode != 200 {
			t.Fatalf("status %d", a.StatusCode)
		}
	}
	if p.Status().AccessLog.Dropped == 0 {
		t.Error("no losses are counted")
	}
}

func TestCombinedAndCommonFormats(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, func(*proxytest.Recorded) proxytest.Reply { return proxytest.Text("hello") })
	for format, tail := range map[string]string{"common": ` "GET /a?b HTTP/1.1" 200 5`, "combined": ` "GET /a?b HTTP/1.1" 200 5 "http://r/" "ua"`} {
		p := proxytest.Start(t, proxytest.Options{AccessLog: "output = \"a.log\"\nformat = \"" + format + "\"", Config: proxytest.Pool("app", rec.Addr)})
		do(t, p.Client(false), request(t, "GET", p.URL("plain")+"/a?b", "", "User-Agent: ua", "Referer: http://r/"))
		proxytest.Eventually(t, "a line in format "+format, func() bool {
			data, _ := os.ReadFile(filepath.Join(p.Dir, "a.log")) // not there yet, or there
			return strings.HasPrefix(string(data), "127.0.0.1 - - [") && strings.HasSuffix(string(data), tail+"\n")
		})
	}
}
