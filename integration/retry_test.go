package integration

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// firstThen is a pool that always begins with bad, and has good behind it.
func firstThen(bad, good string, more ...string) string {
	keys := "policy = \"first\"\n" + strings.Join(more, "\n")
	return "[[route]]\npool = \"app\"\nidempotency_key = true\n[[route]]\npaths = [\"/strict\"]\npool = \"app\"\n" + proxytest.OnlyPool("app", keys, bad, good)
}

func TestWhatMayBeTriedAgain(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("x", 1<<20)
	kinds := map[string]func(testing.TB) *proxytest.Faulty{
		"refuses": proxytest.AcceptAndClose, // and is closed below, once its first check is over
		"closes":  proxytest.AcceptAndClose,
		"reads":   proxytest.ReadAndClose,
		"halves":  proxytest.HalfHeader,
	}
	const moved, lost, either = "moved", "lost", "either"
	for _, c := range []struct{ kind, method, path, body, key, want string }{
		{"refuses", "GET", "/", "", "", moved}, {"refuses", "POST", "/", "x", "", moved}, {"refuses", "POST", "/", big, "", moved}, {"refuses", "PUT", "/", big, "", moved}, {"refuses", "PATCH", "/", "x", "", moved},
		{"closes", "GET", "/", "", "", moved}, {"closes", "PUT", "/", "x", "", moved}, {"closes", "DELETE", "/", "", "", moved},
		// Nothing of it was read, and where the kernel proves that, it may move.
		{"closes", "POST", "/", "x", "", either}, {"closes", "PATCH", "/", "x", "", either},
		{"reads", "GET", "/", "", "", moved}, {"reads", "HEAD", "/", "", "", moved}, {"reads", "OPTIONS", "/", "", "", moved}, {"reads", "PUT", "/", "x", "", moved}, {"reads", "DELETE", "/", "", "", moved},
		{"reads", "POST", "/", "x", "", lost}, {"reads", "POST", "/", "", "", lost}, {"reads", "PATCH", "/", "x", "", lost}, {"reads", "BREW", "/", "", "", lost},
		{"reads", "POST", "/", "x", "k1", moved}, {"reads", "POST", "/strict", "x", "k1", lost}, {"reads", "PUT", "/", big, "", lost},
		{"halves", "GET", "/", "", "", lost}, {"halves", "POST", "/", "x", "", lost}, {"halves", "PUT", "/", "x", "", lost},
	} {
		name := fmt.Sprintf("%s %s of %d%s%s", c.kind, c.method, len(c.body), strings.TrimSuffix(c.path, "/"), c.key)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			good := proxytest.NewCounter(t, "good", nil)
			bad := kinds[c.kind](t)
			p := proxytest.Start(t, proxytest.Options{Config: firstThen(bad.Addr, good.Addr)})
			p.Backend("b1", "up")
			if c.kind == "refuses" {
				bad.Close()
				// The kernel may take a moment to close a listener for good.
				proxytest.Eventually(t, "a refusal", func() bool {
					c, err := net.Dial("tcp", bad.Addr)
					if err == nil {
						_ = c.Close()
					}
					return errors.Is(err, syscall.ECONNREFUSED)
				})
			}
			lines := []string{proxytest.TestID + ": once"}
			if c.key != "" {
				lines = append(lines, "Idempotency-Key: "+c.key)
			}
			a := do(t, p.Client(false), request(t, c.method, p.URL("plain")+c.path, c.body, lines...))
			got := good.Delivered("once")
			switch {
			case a.StatusCode == 200 && got == 1 && c.want != lost:
			case a.StatusCode == 502 && got == 0 && c.want != moved:
			default:
				t.Errorf("status %d with %d deliveries, want it %s", a.StatusCode, got, c.want)
			}
			l := p.WaitLines(1, nil)[0]
			if n := len(l.Attempts); n != 1+got || l.Attempts[0].Backend != "b1" || l.Attempts[0].Outcome == "ok" || l.Attempts[0].Outcome == "" {
				t.Errorf("attempts %+v", l.Attempts)
			}
			if a.StatusCode != 200 && (l.End == "" || l.End == "ok" || strings.Contains(a.body, "127.0.0.1")) {
				t.Errorf("end %q, answer %q", l.End, a.body)
			}
		})
	}
}

func TestABodyIsReplayedWhole(t *testing.T) {
	t.Parallel()
	var got atomic.Value
	good := proxytest.NewRecorder(t, func(r *proxytest.Recorded) proxytest.Reply {
		got.Store(string(r.Body))
		return proxytest.Reply{Raw: proxytest.OK}
	})
	p := proxytest.Start(t, proxytest.Options{Config: firstThen(proxytest.ReadAndClose(t).Addr, good.Addr)})
	body := strings.Repeat("0123456789abcdef", 4000) // under replay_body
	for _, m := range modes {
		for name, length := range map[string]int64{"of known length": int64(len(body)), "in chunks": -1} {
			got.Store("")
			req := request(t, "PUT", p.URL(m.listener)+"/", "")
			req.Body, req.ContentLength = io.NopCloser(strings.NewReader(body)), length
			if a := do(t, m.client(p), req); a.StatusCode != 200 || got.Load() != body {
				t.Errorf("%s: body %s: %d, and the second backend got %d bytes of %d", m.name, name, a.StatusCode, len(got.Load().(string)), len(body))
			}
		}
	}
}

func TestNoBackendIsTriedTwiceForOneRequest(t *testing.T) {
	t.Parallel()
	var bad []*proxytest.Faulty
	var addrs []string
	for range 3 {
		f := proxytest.ReadAndClose(t)
		bad, addrs = append(bad, f), append(addrs, f.Addr)
	}
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", addrs...)})
	a := do(t, p.Client(false), request(t, "GET", p.URL("plain")+"/", ""))
	if a.StatusCode != 502 {
		t.Errorf("status %d, want 502", a.StatusCode)
	}
	for i, f := range bad {
		if n := f.Read.Load(); n > 1 {
			t.Errorf("backend b%d was tried %d times", i+1, n)
		}
	}
	if l := p.WaitLines(1, nil)[0]; len(l.Attempts) != 3 {
		t.Errorf("attempts %+v", l.Attempts)
	}
}

func TestRetriesStayWithinTheirBudget(t *testing.T) {
	t.Parallel()
	requests := 10_000
	var bad []*proxytest.Faulty
	var addrs []string
	for range 3 {
		f := proxytest.ReadAndClose(t)
		bad, addrs = append(bad, f), append(addrs, f.Addr)
	}
	p := proxytest.Start(t, proxytest.Options{AccessLog: "output = \"off\"", Config: proxytest.Pool("app", addrs...)})
	url, client := p.URL("plain")+"/", p.Client(false)
	start := time.Now()
	var wg sync.WaitGroup
	var left, wrong atomic.Int64
	left.Store(int64(requests))
	for range 16 {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if a, err := try(client, request(t, "GET", url, "")); err != nil || a.StatusCode < 500 {
					wrong.Add(1)
				}
			}
		})
	}
	wg.Wait()
	seconds := time.Since(start).Seconds()
	var attempts int64
	for _, f := range bad {
		attempts += f.Read.Load()
	}
	const fill = 30 // what a new pool may begin with
	limit := int64(1.2*float64(requests) + 3*seconds + fill + 1)
	t.Logf("%d requests, %d attempts in %.1f s, at most %d are allowed", requests, attempts, seconds, limit)
	if attempts > limit || wrong.Load() > 0 {
		t.Errorf("%d attempts for %d requests, want at most %d; %d were not answered with an error", attempts, requests, limit, wrong.Load())
	}
	if attempts <= int64(requests)/2 {
		t.Errorf("%d attempts for %d requests: hardly anything was tried", attempts, requests)
	}
}

// closing is a backend that closes connections which were idle for a moment,
// and counts what it runs.
type closing struct {
	addr string
	mu   sync.Mutex // guards ran
	ran  map[string]int
}

const closingIdle = 25 * time.Millisecond

func newClosing(t testing.TB) *closing {
	t.Helper()
	c := &closing{ran: map[string]int{}}
	c.addr = proxytest.ClosesIdle(t, closingIdle, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // it is tiny
		c.mu.Lock()
		c.ran[r.Header.Get(proxytest.TestID)]++
		c.mu.Unlock()
	}))
	return c
}

// race sends requests just when their connection is about to be closed, 500
// GETs and 500 POSTs, and returns which failed and which were run twice.
func (c *closing) race(t *testing.T, url string) (failed, twice []string) {
	t.Helper()
	const workers, rounds = 10, 50
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}
			defer client.CloseIdleConnections()
			for n := range rounds {
				time.Sleep(closingIdle - 2*time.Millisecond + time.Duration(rand.IntN(4000))*time.Microsecond)
				for method, body := range map[string]string{"GET": "", "POST": "x"} {
					id := fmt.Sprintf("%d-%d-%s", w, n, method)
					if a, err := try(client, request(t, method, url, body, proxytest.TestID+": "+id)); err != nil || a.StatusCode != 200 {
						c.mu.Lock()
						failed = append(failed, id)
						c.mu.Unlock()
					}
				}
			}
		})
	}
	wg.Wait()
	for id, n := range c.ran {
		if n > 1 {
			twice = append(twice, id)
		}
	}
	return failed, twice
}

func TestNoRequestIsLostToAConnectionThatTheBackendCloses(t *testing.T) {
	t.Parallel()
	c := newClosing(t)
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.OnlyPool("app", "", c.addr) + "[[route]]\npool = \"app\"\n"})
	if failed, twice := c.race(t, p.URL("plain")+"/"); len(failed)+len(twice) > 0 {
		t.Errorf("failed: %q; run twice: %q", failed, twice)
	}
	if len(c.ran) != 1000 {
		t.Errorf("%d requests arrived, want 1000", len(c.ran))
	}
}

func TestTheIdleRaceFindsFaultWithTheStockProxy(t *testing.T) {
	t.Parallel()
	c := newClosing(t)
	url := "http://" + proxytest.Stock(t, c.addr) + "/"
	for range 10 { // it loses a few of a thousand, most of the time
		if failed, _ := c.race(t, url); len(failed) > 0 {
			return
		}
	}
	t.Error("the stock proxy loses nothing: the test above may be blind")
}

// The stock proxy tries nothing again: a refused connection is an error.
func TestRetryQuestionsFindFaultWithTheStockProxy(t *testing.T) {
	t.Parallel()
	c := proxytest.DialRaw(t, proxytest.Stock(t, proxytest.Refusing(t)))
	c.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
	if a, err := c.Answer("POST"); err != nil || a.Status != 502 {
		t.Errorf("%v %v", a, err)
	}
}

func TestAPinnedVisitorWaitsForNobodyWhenAllAreDown(t *testing.T) {
	t.Parallel()
	for policy, attempts := range map[string]int{"fail": 0, "try_all": 1} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			config := strings.Replace(proxytest.Pool("app", proxytest.Refusing(t)), "[pool.affinity]", "all_down = \""+policy+"\"\n[pool.affinity]", 1) +
				"[pool.health]\ntype = \"tcp\"\ninterval = \"20ms\"\n"
			p := proxytest.Start(t, proxytest.Options{Config: config, Unready: true})
			proxytest.Eventually(t, "the admin socket", func() bool { code, _ := p.Admin("GET", "/livez"); return code == 200 })
			p.Backend("b1", "down")
			a := do(t, p.Client(false), request(t, "POST", p.URL("plain")+"/", "x"))
			if a.StatusCode != 503 || a.Header.Get("Retry-After") == "" {
				t.Errorf("status %d, Retry-After %q", a.StatusCode, a.Header.Get("Retry-After"))
			}
			if l := p.WaitLines(1, nil)[0]; len(l.Attempts) != attempts || l.Affinity != "failed" {
				t.Errorf("line %+v, want %d attempts", l, attempts)
			}
		})
	}
}
