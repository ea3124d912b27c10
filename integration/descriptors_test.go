package integration

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"sterling/internal/proxytest"
)

// A process that may open 256 descriptors, and far more requests than that which
// do not end: whatever they come over, others are told at once, the operator
// sees it, and no backend is blamed.
func TestDescriptorsNeverRunOut(t *testing.T) {
	t.Parallel()
	for name, flood := range map[string]func(*testing.T, *proxytest.Sterling) (refused func() int64){
		"HTTP/1.1": floodH1, "HTTP/2": floodH2, "HTTP/3": floodH3,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			app := proxytest.NewCounter(t, "app", func(_ http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/held" {
					select {
					case <-release:
					case <-r.Context().Done():
					}
				}
			})
			p := withDescriptors(t, 256, http3Door(t, "")+proxytest.Pool("app", app.Addr))
			p.Backend("b1", "up")
			refused := flood(t, p)
			proxytest.Eventually(t, "requests to be refused", func() bool { return refused() > 50 })
			open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.PID))
			if err != nil {
				t.Fatal(err)
			}
			d := p.Status().Descriptors
			t.Logf("%d descriptors are open; %+v; %d were refused", len(open), d, refused())
			if len(open) > 240 || d.Limit != 256 || d.Clients+d.Backends > d.BackendsUntil || d.Backends < 50 {
				t.Errorf("%d descriptors are open; %+v", len(open), d)
			}
			// Each takes a connection of its own, over TCP and over UDP.
			// The former is told before it has said anything.
			if a, err := proxytest.DialRaw(t, p.Addr("plain")).Answer("GET"); err != nil || a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
				t.Errorf("a newcomer over TCP gets %v, %v", a, err)
			}
			res, err := (&http.Client{Transport: over3(t, p), Timeout: 5 * time.Second}).Get("https://" + p.Addr("quick"))
			if err != nil {
				t.Fatalf("a newcomer over UDP hears nothing: %v", err)
			}
			_ = res.Body.Close()
			// Over UDP clients take none of their own, and the mark for backends is higher.
			if name != "HTTP/1.1" || res.StatusCode != http.StatusOK {
				if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
					t.Errorf("a newcomer gets %s, %v", res.Status, res.Header)
				}
			}
			if b := p.Status().Pools[0].Backends[0]; b.State != "up" || b.Failures != 0 {
				t.Errorf("the backend is blamed: %+v", b)
			}
			close(release) // now there are many kept connections to the backend, which are given up
			for _, listener := range []string{"plain", "quick"} {
				proxytest.Eventually(t, "others to be served over "+listener, func() bool {
					client, url := p.Client(false), p.URL("plain")
					if listener == "quick" {
						client, url = &http.Client{Transport: over3(t, p), Timeout: 5 * time.Second}, "https://"+p.Addr("quick")
					}
					res, err := client.Get(url)
					if err != nil {
						return false
					}
					_ = res.Body.Close()
					return res.StatusCode == http.StatusOK
				})
			}
			if name == "HTTP/1.1" {
				return // those who are not let in have no line
			}
			proxytest.Eventually(t, "a line that says why", func() bool {
				text, err := os.ReadFile(filepath.Join(p.Dir, "access.log"))
				return err == nil && strings.Contains(string(text), `"end":"no_descriptors"`)
			})
		})
	}
}

// Nor do they run out by way of the admin side, whoever may reach that.
func TestTheAdminSideTakesNoDescriptorsFromClients(t *testing.T) {
	t.Parallel()
	app := proxytest.NewCounter(t, "app", nil)
	p := withDescriptors(t, 128, proxytest.Pool("app", app.Addr))
	for i := range 300 {
		c, err := net.Dial("unix", filepath.Join(p.Dir, "admin.sock"))
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		t.Cleanup(func() { _ = c.Close() })         // it may be shut already
		_, _ = io.WriteString(c, "GET /livez HTTP") // as above
		if i%50 == 0 {
			served(t, p)
		}
	}
	if code, body := p.Admin("GET", "/livez"); code != http.StatusOK {
		t.Errorf("the admin side itself: %d %s", code, body)
	}
	served(t, p)
	if strings.Contains(p.Log(), "too many open files") {
		t.Error("descriptors ran out")
	}
}

// withDescriptors starts a process that may open so many.
func withDescriptors(t *testing.T, limit int, config string) *proxytest.Sterling {
	t.Helper()
	return proxytest.Start(t, proxytest.Options{
		Config: config, Program: "/bin/sh",
		Args: []string{"-c", fmt.Sprintf("ulimit -n %d && exec %s run -c sterling.toml", limit, proxytest.Program(t))},
	})
}

func floodH1(t *testing.T, p *proxytest.Sterling) func() int64 {
	var refused atomic.Int64
	for range 300 {
		c := proxytest.DialRaw(t, p.Addr("plain"))
		c.Send("GET /held HTTP/1.1\r\nHost: localhost\r\n\r\n")
		go func() { // ends with the test, which closes c
			if a, err := c.Answer("GET"); err == nil && a.Status == http.StatusServiceUnavailable {
				refused.Add(1)
			}
		}()
	}
	return refused.Load
}

func floodH2(t *testing.T, p *proxytest.Sterling) func() int64 {
	var refused atomic.Int64
	var all []*proxytest.RawH2
	for range 3 {
		all = append(all, proxytest.DialH2(t, p.Addr("front"), p.CA, "localhost"))
	}
	fields := get2()
	fields[3].Value = "/held"
	for _, h := range all {
		go func() { // ends with the test, which closes h
			for {
				f, err := h.ReadFrame()
				if err != nil {
					return
				}
				if head, ok := f.(*http2.MetaHeadersFrame); ok && head.PseudoValue("status") == "503" {
					refused.Add(1)
				}
			}
		}()
		for stream := uint32(1); stream < 240; stream += 2 {
			if err := h.Open(stream, true, fields...); err != nil {
				t.Fatal(err)
			}
		}
	}
	return refused.Load
}

func floodH3(t *testing.T, p *proxytest.Sterling) func() int64 {
	var refused atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	url := "https://" + p.Addr("quick") + "/held"
	for range 5 {
		client := &http.Client{Transport: over3(t, p)}
		for range 60 {
			go func() { // ends with the test
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
				if err != nil {
					return
				}
				res, err := client.Do(req)
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
				if res.StatusCode == http.StatusServiceUnavailable {
					refused.Add(1)
				}
			}()
		}
	}
	return refused.Load
}
