package integration

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

func limited(t *testing.T, listener, route string, rec *proxytest.Recorder) *proxytest.Sterling {
	t.Helper()
	return proxytest.Start(t, proxytest.Options{Listener: listener, Config: strings.Replace(proxytest.Pool("app", rec.Addr), "[[route]]", "[[route]]\n"+route, 1)})
}

func TestABodyOverTheLimitIsRefused(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil)
	p := limited(t, "", "max_body = \"10KiB\"", rec)
	for _, c := range []struct {
		name, framing string
		size, status  int
	}{
		{"at the limit", "length", 10 << 10, 200}, {"at the limit", "chunks", 10 << 10, 200},
		{"over the limit", "length", 10<<10 + 1, 413}, {"over the limit", "chunks", 10<<10 + 1, 413}, {"far over the limit", "chunks", 1 << 20, 413},
	} {
		t.Run(c.name+" in "+c.framing, func(t *testing.T) {
			rec.Reset()
			raw := proxytest.DialRaw(t, p.Addr("plain"))
			head, body := fmt.Sprintf("Content-Length: %d\r\n\r\n", c.size), strings.Repeat("x", c.size)
			if c.framing == "chunks" {
				head, body = "Transfer-Encoding: chunked\r\n\r\n", ""
				for left := c.size; left > 0; left -= min(left, 4096) {
					n := min(left, 4096)
					body += fmt.Sprintf("%x\r\n%s\r\n", n, strings.Repeat("x", n))
				}
				body += "0\r\n\r\n"
			}
			go raw.Send(post + head + body)
			a, err := raw.Answer("POST")
			if err != nil || a.Status != c.status {
				t.Fatalf("answer %v, %v; want %d", a, err, c.status)
			}
			proxytest.Eventually(t, "the backend to be idle", func() bool { return rec.Busy() == 0 })
			for _, r := range rec.Requests() {
				if c.status != 200 && r.Complete {
					t.Errorf("the backend got a complete request of %d bytes", len(r.Body))
				}
			}
		})
	}
}

func TestHeadsOverTheLimitsAreRefused(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil)
	p := limited(t, "max_uri = \"1KiB\"\nmax_header = \"4KiB\"\nmax_headers = 20", "", rec)
	for name, c := range map[string]struct {
		head   string
		status int
	}{
		"target at the limit":   {"GET /" + strings.Repeat("a", 1023) + " HTTP/1.1\r\nHost: localhost\r\n", 200},
		"target over the limit": {"GET /" + strings.Repeat("a", 1024) + " HTTP/1.1\r\nHost: localhost\r\n", 414},
		"header within":         {get + "X-A: " + strings.Repeat("b", 3<<10) + "\r\n", 200},
		"header over":           {get + "X-A: " + strings.Repeat("b", 5<<10) + "\r\n", 431},
		"lines within":          {get + strings.Repeat("X-A: b\r\n", 18), 200},
		"lines over":            {get + strings.Repeat("X-A: b\r\n", 21), 431},
	} {
		t.Run(name, func(t *testing.T) {
			raw := proxytest.DialRaw(t, p.Addr("plain"))
			raw.Send(c.head + "\r\n")
			if a, err := raw.Answer("GET"); err != nil || a.Status != c.status {
				t.Errorf("answer %v, %v; want %d", a, err, c.status)
			}
		})
	}
	large := request(t, "GET", p.URL("front")+"/", "", "X-A: "+strings.Repeat("b", 5<<10))
	if a := do(t, p.Client3(), large); a.StatusCode != 431 {
		t.Errorf("over http3: a large line %d", a.StatusCode)
	}
	for _, m := range modes[2:] {
		long := do(t, m.client(p), request(t, "GET", p.URL("front")+"/"+strings.Repeat("a", 1100), ""))
		lines := request(t, "GET", p.URL("front")+"/", "")
		for i := range 30 {
			lines.Header.Set(fmt.Sprintf("X-%d", i), "b")
		}
		many := do(t, m.client(p), lines)
		if long.StatusCode != 414 || many.StatusCode != 431 {
			t.Errorf("over %s: a long target %d, many lines %d", m.name, long.StatusCode, many.StatusCode)
		}
	}
}

func TestASlowHeadIsCutOff(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil)
	p := limited(t, "header_timeout = \"400ms\"", "", rec)
	for name, step := range map[string]string{"nothing more comes": "", "a byte now and then": "X"} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			raw := proxytest.DialRaw(t, p.Addr("plain"))
			raw.Send(get)
			var rest string
			closed := false
			for !closed && time.Since(start) < 15*time.Second {
				raw.Send(step)
				var more string
				more, closed = raw.Rest(50 * time.Millisecond)
				rest += more
			}
			if !closed {
				t.Fatal("the connection stays open")
			}
			// The standard server takes half a line for a whole one when time is up.
			if rest != "" && !strings.HasPrefix(rest, "HTTP/1.1 408 ") && !strings.HasPrefix(rest, "HTTP/1.1 400 ") {
				t.Errorf("answer %s", proxytest.Quote(rest))
			}
			if d := time.Since(start); d < 300*time.Millisecond {
				t.Errorf("cut off after %v already", d)
			}
		})
	}
	if n := len(rec.Requests()); n != 0 {
		t.Errorf("%d requests reached the backend", n)
	}
}

// What comes byte by byte, and never ends, is cut when its time is up; those who ask
// meanwhile, over connections that are open and over new ones, are served.
func TestFiveHundredSlowHeadsAreCutOff(t *testing.T) {
	t.Parallel()
	const crowd = 500
	rec := proxytest.NewRecorder(t, nil)
	p := limited(t, "header_timeout = \"2s\"", "", rec)
	open := make(map[*proxytest.Raw]<-chan string, crowd)
	for range crowd {
		c := proxytest.DialRaw(t, p.Addr("plain"))
		_ = c.SetDeadline(time.Time{}) // the test's own end will do
		c.Send(get + "X-A: ")
		answered := make(chan string, 1)
		go func() {
			b, _ := io.ReadAll(c.Conn) // a reset comes where bytes are still on their way
			answered <- string(b)
		}()
		open[c] = answered
	}
	served := 0
	keep := p.Client(false)
	for began := time.Now(); len(open) > 0 && time.Since(began) < time.Minute; {
		for c, answered := range open {
			select {
			case rest := <-answered:
				delete(open, c)
				if rest != "" && !strings.HasPrefix(rest, "HTTP/1.1 408 ") && !strings.HasPrefix(rest, "HTTP/1.1 400 ") {
					t.Fatalf("answer %s", proxytest.Quote(rest))
				}
			default:
				c.Send("a")
			}
		}
		for name, c := range map[string]*http.Client{"open": keep, "new": p.Client(false)} {
			a := do(t, c, request(t, "GET", p.URL("plain")+"/", ""))
			if served++; a.StatusCode != 200 {
				t.Fatalf("over the connection that is %s: status %d", name, a.StatusCode)
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	if len(open) > 0 {
		t.Errorf("%d of %d connections are still there", len(open), crowd)
	}
	if n := len(rec.Requests()); n != served {
		t.Errorf("%d requests reached the backend, %d of them meant to", n, served)
	}
	t.Logf("%d requests were served meanwhile", served)
}

func TestAStalledUploadIsCutAndASlowOnePasses(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil)
	p := limited(t, "body_idle = \"2s\"", "", rec)
	t.Run("stalled", func(t *testing.T) {
		raw := proxytest.DialRaw(t, p.Addr("plain"))
		raw.Send(post + "Content-Length: 10\r\n\r\nhello")
		a, err := raw.Answer("POST")
		if err != nil || a.Status != 408 || !raw.Closed(10*time.Second) {
			t.Errorf("answer %v, %v; want 408 and the end of the connection", a, err)
		}
		proxytest.Eventually(t, "the backend to be idle", func() bool { return rec.Busy() == 0 })
		for _, r := range rec.Requests() {
			if r.Complete {
				t.Errorf("the backend got %v", r)
			}
		}
	})
	t.Run("slow", func(t *testing.T) {
		rec.Reset()
		raw := proxytest.DialRaw(t, p.Addr("plain"))
		piece := strings.Repeat("x", 200)
		raw.Send(post + "Content-Length: 3000\r\n\r\n")
		for range 15 { // more than the limit in all, and far less from one to the next
			time.Sleep(200 * time.Millisecond)
			raw.Send(piece)
		}
		if a, err := raw.Answer("POST"); err != nil || a.Status != 200 || string(last(t, rec).Body) != strings.Repeat(piece, 15) {
			t.Errorf("answer %v, %v", a, err)
		}
	})
}

// A byte now and then keeps nobody's place, if it is not meant to.
func TestAnUploadBelowTheRateIsCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, rate string
		status     int
	}{{"by default", "", 408}, {"where any rate will do", "min_body_rate = 0", 200}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rec := proxytest.NewRecorder(t, nil)
			p := limited(t, "body_idle = \"3s\"", c.rate, rec)
			raw := proxytest.DialRaw(t, p.Addr("plain"))
			raw.Send(post + "Content-Length: 80\r\n\r\n")
			go func() {
				for range 80 {
					time.Sleep(100 * time.Millisecond)
					raw.Send("x")
				}
			}()
			if a, err := raw.Answer("POST"); err != nil || a.Status != c.status {
				t.Errorf("answer %v, %v; want %d", a, err, c.status)
			}
			proxytest.Eventually(t, "the backend to be idle", func() bool { return rec.Busy() == 0 })
			for _, r := range rec.Requests() {
				if r.Complete != (c.status == 200) {
					t.Errorf("the backend got %v", r)
				}
			}
			if l := p.WaitLines(1, nil)[0]; l.Status != c.status || c.status == 408 && l.End != "client_slow" {
				t.Errorf("line %+v", l)
			}
		})
	}
}

func TestASlowBackendIsGivenUp(t *testing.T) {
	t.Parallel()
	silent := proxytest.Silent(t)
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", silent.Addr) + "[pool.timeout]\nresponse = \"300ms\"\n"})
	for _, method := range []string{"GET", "POST"} {
		a := do(t, p.Client(false), request(t, method, p.URL("plain")+"/", ""))
		if a.StatusCode != 504 {
			t.Errorf("%s: status %d, want 504", method, a.StatusCode)
		}
	}
	for _, l := range p.WaitLines(2, nil) {
		if l.End != "response_timeout" || l.Status != 504 {
			t.Errorf("line %+v", l)
		}
	}
}

func TestAnAnswerWithoutProgressIsCut(t *testing.T) {
	t.Parallel()
	stalls := proxytest.NewRecorder(t, func(*proxytest.Recorded) proxytest.Reply {
		return proxytest.Reply{Raw: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"}
	})
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", stalls.Addr) + "[pool.timeout]\nbody_idle = \"300ms\"\n"})
	raw := proxytest.DialRaw(t, p.Addr("plain"))
	raw.Send(get + "\r\n")
	if a, err := raw.Answer("GET"); err != nil || a.Status != 200 || a.Err == nil {
		t.Errorf("answer %v, %v; want it cut", a, err)
	}
	if l := p.WaitLines(1, nil)[0]; l.End == "ok" || l.End == "" {
		t.Errorf("line %+v", l)
	}
}

func TestConnectionsOverTheCapAreTurnedAway(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]string{"in all": "connections = 5", "by address": "connections_per_address = 5"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := proxytest.NewRecorder(t, nil)
			p := proxytest.Start(t, proxytest.Options{Config: "[limits]\n" + limit + "\n" + proxytest.Pool("app", rec.Addr)})
			addr := p.Addr("plain")
			var open []*proxytest.Raw
			for range 5 {
				c := proxytest.DialRaw(t, addr)
				c.Send(get + "\r\n")
				if a, err := c.Answer("GET"); err != nil || a.Status != 200 {
					t.Fatalf("within the cap: %v, %v", a, err)
				}
				open = append(open, c)
			}
			over := proxytest.DialRaw(t, addr)
			if rest, closed := over.Rest(10 * time.Second); !closed || !strings.HasPrefix(rest, "HTTP/1.1 503 ") || !strings.Contains(rest, "Retry-After: ") {
				t.Errorf("over the cap: %s, closed %v", proxytest.Quote(rest), closed)
			}
			_ = open[0].Close()
			proxytest.Eventually(t, "a place that was given back", func() bool {
				c := proxytest.DialRaw(t, addr)
				defer func() { _ = c.Close() }()
				c.Send(get + "Connection: close\r\n\r\n")
				a, err := c.Answer("GET")
				return err == nil && a.Status == 200
			})
		})
	}
}

func TestAnIdleConnectionIsClosed(t *testing.T) {
	t.Parallel()
	rec := proxytest.NewRecorder(t, nil)
	p := limited(t, "idle = \"2s\"", "", rec)
	c := proxytest.DialRaw(t, p.Addr("plain"))
	c.Send(get + "\r\n")
	if a, err := c.Answer("GET"); err != nil || a.Status != 200 {
		t.Fatalf("%v %v", a, err)
	}
	if !c.Closed(10 * time.Second) {
		t.Error("the connection stays open")
	}
}

func TestABackendsPlacesAreNeverOverbooked(t *testing.T) {
	t.Parallel()
	var backends []*proxytest.Recorder
	gate := make(chan struct{})
	var config strings.Builder
	config.WriteString("[[route]]\npool = \"app\"\n[[pool]]\nname = \"app\"\n")
	for i := range 2 {
		r := proxytest.NewRecorder(t, func(*proxytest.Recorded) proxytest.Reply { <-gate; return proxytest.Reply{Raw: proxytest.OK} })
		backends = append(backends, r)
		config.WriteString(proxytest.Backend(fmt.Sprintf("b%d", i+1), r.Addr) + "max_in_flight = 3\n")
	}
	p := proxytest.Start(t, proxytest.Options{Config: config.String()})
	addr := p.Addr("plain")
	for range 6 {
		proxytest.DialRaw(t, addr).Send(get + "\r\n")
	}
	proxytest.Eventually(t, "both backends to be full", func() bool { return backends[0].Busy() == 3 && backends[1].Busy() == 3 })
	over := proxytest.DialRaw(t, addr)
	over.Send(get + "\r\n")
	if a, err := over.Answer("GET"); err != nil || a.Status != 503 || a.Header.Get("Retry-After") == "" {
		t.Errorf("over the limit: %v, %v; want 503 with Retry-After", a, err)
	}
	close(gate)
}
