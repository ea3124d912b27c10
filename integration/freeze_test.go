package integration

import (
	"sync"
	"testing"

	"sterling/internal/proxytest"
)

// atOnce sends n GETs of one visitor side by side.
func atOnce(t *testing.T, p *proxytest.Sterling, n int, cookie string) []answer {
	t.Helper()
	client, url := p.Client(false), p.URL("plain")+"/"
	answers := make([]answer, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			a, err := try(client, request(t, "GET", url, "", "Cookie: "+cookie))
			if err != nil {
				t.Errorf("%v", err)
				return
			}
			answers[i] = a
		})
	}
	wg.Wait()
	return answers
}

func TestRequestsThatWaitAtAFrozenBackendMoveAndDoNotGoBack(t *testing.T) {
	t.Parallel()
	b1, b2 := proxytest.StartChild(t, "b1", 0), proxytest.StartChild(t, "b2", 0)
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", b1.Addr, b2.Addr) + "[pool.health]\npath = \"/healthz\"\ninterval = \"200ms\"\ntimeout = \"200ms\"\nfall = 2\n"})
	p.Backend("b1", "up")
	p.Backend("b2", "up")
	m, cookie, visits := modes[0], "", 0
	for cookie == "" {
		visits++
		a := do(t, p.Client(false), request(t, "GET", p.URL("plain")+"/", ""))
		if a.Header.Get("X-Backend") == "b1" {
			cookie = pair(setCookies(a.Header, m.cookieName("app"))[0])
		}
	}
	const n, warm = 20, 5
	for range warm { // so that connections to the backend are there to be used again
		atOnce(t, p, n, cookie)
	}
	b1.Freeze()
	for _, a := range atOnce(t, p, n, cookie) {
		if a.Response == nil || a.StatusCode != 200 || a.Header.Get("X-Backend") != "b2" || len(setCookies(a.Header, m.cookieName("app"))) != 1 {
			t.Errorf("answer %+v, want b2's with a new cookie", a.Response)
		}
	}
	for _, l := range p.WaitLines(visits+(warm+1)*n, nil) {
		if i := backTo(l.Attempts); i > 0 {
			t.Errorf("attempt %d went back to a backend that had been given up: %+v", i+1, l)
		}
	}
	b1.Thaw()
	p.Backend("b1", "up")
}
