package backend

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

func TestHTTPChecksInEachProtocol(t *testing.T) {
	var host, path atomic.Value
	inModes(t, PoolOptions{Check: CheckOptions{Kind: CheckHTTP, Path: "/healthz?deep=1", Host: "app.example", Interval: time.Hour}},
		func(w http.ResponseWriter, r *http.Request) {
			host.Store(r.Host)
			path.Store(r.Method + " " + r.URL.String())
			_, _ = io.WriteString(w, strings.Repeat("well ", 1000))
		},
		func(t *testing.T, _ mode, f *fixture) {
			f.is(t, 0, Up)
			if host.Load() != "app.example" || path.Load() != "GET /healthz?deep=1" {
				t.Errorf("asked for %v of %v", path.Load(), host.Load())
			}
			if s := f.pool.members[0].Status(); s.Reason != "" || s.Counters.Requests != 0 {
				t.Errorf("status %+v: a check is no request", s)
			}
		})
}

func TestChecksSayWhatIsWrong(t *testing.T) {
	untrusted, _ := serve(t, H1, true, echo)
	status, _ := serve(t, H1, false, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			return
		}
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	})
	for _, tt := range []struct {
		name, url, reason string
		kind              CheckKind
	}{
		{"refused", "http://" + proxytest.FreeAddr(t), "connection refused", CheckHTTP},
		{"refused over TCP", "http://" + proxytest.FreeAddr(t), "connection refused", CheckTCP},
		{"a redirect is not followed", status, "HTTP 302", CheckHTTP},
		{"closed", startRaw(t, reading("")).url, "closed without an answer", CheckHTTP},
		{"frozen", frozenServer(t), "timeout after 200ms", CheckHTTP},
		{"frozen in the handshake", strings.Replace(frozenServer(t), "http", "https", 1), "timeout after 200ms", CheckTCP},
		{"not trusted", untrusted, "certificate not accepted", CheckTCP},
		{"unknown name", "http://backend.invalid", "name backend.invalid does not resolve", CheckTCP},
	} {
		t.Run(tt.name, func(t *testing.T) {
			limit := 5 * time.Second
			if strings.HasPrefix(tt.name, "frozen") {
				limit = 200 * time.Millisecond
			}
			f := start(t, PoolOptions{TLS: &tls.Config{}, Check: CheckOptions{
				Kind: tt.kind, StatusMax: 299, Interval: time.Hour, Timeout: limit,
			}}, tt.url)
			f.is(t, 0, Down)
			if s := f.pool.members[0].Status(); !strings.HasPrefix(s.Reason, tt.reason) {
				t.Errorf("reason %q, want %q", s.Reason, tt.reason)
			}
		})
	}
}

func TestEachCheckUsesAConnectionOfItsOwn(t *testing.T) {
	for _, kind := range []CheckKind{CheckHTTP, CheckTCP} {
		t.Run(string(kind), func(t *testing.T) {
			var left atomic.Int64
			s := startRaw(t, func(c net.Conn) {
				left.Add(1)
				defer left.Add(-1)
				defer func() { _ = c.Close() }()
				if kind == CheckHTTP {
					_, _ = c.Read(make([]byte, 4096))
					_, _ = io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
				}
				_, _ = c.Read(make([]byte, 1)) // until it is closed
			})
			f := start(t, PoolOptions{Check: CheckOptions{Kind: kind, Interval: 20 * time.Millisecond}}, s.url)
			f.is(t, 0, Up)
			eventually(t, "five checks", func() bool { return s.accepted.Load() >= 5 })
			f.pools.Retire()
			eventually(t, "all connections of checks are closed", func() bool { return left.Load() == 0 })
		})
	}
}
