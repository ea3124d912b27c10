package backend

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
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

// A connection that the backend takes when the check has been given up is closed,
// not kept for a request that never comes.
func TestACheckThatIsGivenUpLeavesNoConnection(t *testing.T) {
	for _, protocol := range []Protocol{H1, H2} {
		t.Run(string(protocol), func(t *testing.T) {
			late := make(chan struct{})
			var hurried, ended atomic.Int32
			s := httptest.NewUnstartedServer(http.NotFoundHandler())
			s.EnableHTTP2 = protocol == H2
			ca := proxytest.NewCA(t)
			s.TLS = &tls.Config{
				Certificates: []tls.Certificate{ca.Certificate("127.0.0.1")},
				GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
					hurried.Add(1)
					<-late
					return nil, nil
				},
			}
			s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateClosed {
					ended.Add(1)
				}
			}
			s.StartTLS()
			t.Cleanup(s.Close)
			target, err := url.Parse(s.URL)
			if err != nil {
				t.Fatal(err)
			}
			p := &prober{
				dialer: newDialer(target, nil, &tls.Config{RootCAs: ca.Pool()}, map[Protocol]string{H1: "http/1.1", H2: "h2"}[protocol]), url: target, protocol: protocol,
				rule: CheckOptions{Kind: CheckHTTP, Path: "/", Timeout: 10 * time.Second},
			}
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				proxytest.Within(10*time.Second, func() bool { return hurried.Load() > 0 })
				cancel()
			}()
			if f := p.probe(ctx); f.failure == nil {
				t.Fatal("the check was not given up")
			}
			close(late)
			proxytest.Eventually(t, "the connection to be closed", func() bool { return ended.Load() == 1 })
		})
	}
}
