package integration

import (
	"crypto/rand"
	"encoding/base64"
	"sync"
	"sync/atomic"
	"testing"

	"sterling/internal/proxytest"
)

func TestForgedCookiesCostNoMemory(t *testing.T) {
	total, warm := 30_000, 10_000
	if *long {
		total, warm = 200_000, 40_000
	}
	c := newCluster(t, "b1", "b2", "b3")
	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", c.addrs...)})
	flood(t, p, warm)
	before := p.Memory()
	flood(t, p, total)
	after := p.Memory()
	t.Logf("%d MiB after %d requests, %d MiB after %d more, each with a forged cookie", before>>20, warm, after>>20, total)
	if after > before+before/4+8<<20 && !proxytest.Raced(t) {
		t.Errorf("memory grew from %d to %d MiB", before>>20, after>>20)
	}
	if n := p.Status().Pools[0].Cookies; len(n) > 20 {
		t.Errorf("verdicts are counted by what clients send: %v", n)
	}
}

// flood sends n requests, each with a cookie that nobody has seen before.
func flood(t *testing.T, p *proxytest.Sterling, n int) {
	t.Helper()
	client, url, name := p.Client(false), p.URL("plain")+"/", modes[0].cookieName("app")
	var left, wrong atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			value := make([]byte, 90)
			for left.Add(-1) >= 0 {
				_, _ = rand.Read(value) // never fails
				a, err := try(client, request(t, "GET", url, "", "Cookie: "+name+"="+base64.RawURLEncoding.EncodeToString(value)))
				if err != nil || a.StatusCode != 200 {
					wrong.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if k := wrong.Load(); k > 0 {
		t.Errorf("%d of %d requests failed", k, n)
	}
}
