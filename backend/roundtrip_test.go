package backend

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"sterling/internal/http1"
	"sterling/internal/proxytest"
)

// mode is one way to speak to a backend.
type mode struct {
	name     string
	protocol Protocol
	secure   bool
	proto    string
}

var modes = []mode{
	{"h1", H1, false, "HTTP/1.1"},
	{"h1 over tls", H1, true, "HTTP/1.1"},
	{"h2c", H2C, false, "HTTP/2.0"},
	{"h2", H2, true, "HTTP/2.0"},
}

// inModes runs a test against a handler in each mode.
func inModes(t *testing.T, o PoolOptions, handler http.HandlerFunc, test func(*testing.T, mode, *fixture)) {
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			url, config := serve(t, m.protocol, m.secure, handler)
			o.Protocol, o.TLS = m.protocol, config
			test(t, m, start(t, o, url))
		})
	}
}

func TestARequestGoesToTheBackendAndItsAnswerBack(t *testing.T) {
	inModes(t, PoolOptions{}, echo, func(t *testing.T, mode mode, f *fixture) {
		m := f.pool.members[0]
		for i, method := range []string{"GET", "GET", "POST"} {
			body := ""
			if method == "POST" {
				body = "payload"
			}
			got, call, err := exchange(t, m, method, body)
			if want := mode.proto + " " + method + " " + body; err != nil || got != want {
				t.Fatalf("answer %q, %v, want %q", got, err, want)
			}
			if call.Reused != (i > 0) || (call.Connect == 0) != (i > 0) || call.Header == 0 {
				t.Errorf("exchange %d: reused %v, connect %v, header %v", i, call.Reused, call.Connect, call.Header)
			}
			if n := m.InFlight(); n != 0 {
				t.Errorf("%d in flight after the answer was read", n)
			}
		}
		if c := m.Status().Counters; c.Requests != 3 || c.Failures != 0 {
			t.Errorf("counters %+v", c)
		}
	})
}

func TestFailuresBeforeAnythingIsSent(t *testing.T) {
	refusing := "http://" + proxytest.FreeAddr(t)
	untrusted, _ := serve(t, H1, true, echo)
	for _, tt := range []struct {
		name, url string
		kind      Kind
	}{
		{"nobody listens", refusing, ConnectFailed},
		{"the name does not resolve", "http://backend.invalid:80", Unresolved},
		{"the certificate is not trusted", untrusted, TLSFailed},
		{"no handshake in time", strings.Replace(frozenServer(t), "http:", "https:", 1), ConnectTimeout},
	} {
		for _, protocol := range []Protocol{H1, H2, H2C} {
			if strings.HasPrefix(tt.url, "https") == (protocol == H2C) || strings.HasPrefix(tt.url, "http:") && protocol == H2 {
				continue
			}
			t.Run(tt.name+"/"+string(protocol), func(t *testing.T) {
				f := start(t, PoolOptions{Protocol: protocol, Timeouts: Timeouts{Connect: 100 * time.Millisecond}, TLS: &tls.Config{}}, tt.url)
				req, call := request(t, f.pool.members[0], "POST", "payload")
				_, err := f.pool.members[0].RoundTrip(req, call)
				if e := wantError(t, err, tt.kind); !e.NothingSent() {
					t.Errorf("%v says that something may have been sent", err)
				}
				if call.Body.Read() != 0 {
					t.Errorf("%d bytes of the body were taken", call.Body.Read())
				}
				if n := f.pool.members[0].InFlight(); n != 0 {
					t.Errorf("%d in flight after a failure", n)
				}
				f.is(t, 0, Down)
			})
		}
	}
}

func TestFailuresAfterTheRequestWasSent(t *testing.T) {
	for _, tt := range []struct {
		name  string
		serve func(net.Conn)
		kind  Kind
		seen  bool
	}{
		{"reads and closes", reading(""), BackendCut, false},
		{"half a head", reading("HTTP/1.1 200 OK\r\nContent-"), BackendCut, true},
		{"half a body", reading("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), BackendCut, true},
		{"half a chunk", reading("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha"), BackendCut, true},
		{"no HTTP", reading("SSH-2.0-OpenSSH_9.2\r\n\r\n"), BadResponse, true},
		{"two lengths", reading("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), BadResponse, true},
		{"freezes", func(c net.Conn) { _ = readRequest(bufio.NewReader(c)); _, _ = c.Read(make([]byte, 1)) }, ResponseTimeout, false},
		{"freezes in the body", func(c net.Conn) {
			_ = readRequest(bufio.NewReader(c))
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
			_, _ = c.Read(make([]byte, 1))
		}, BackendBodyIdle, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := startRaw(t, tt.serve)
			f := start(t, PoolOptions{Timeouts: Timeouts{Response: 100 * time.Millisecond, BodyIdle: 100 * time.Millisecond}}, s.url)
			m := f.pool.members[0]
			f.is(t, 0, Up)
			// The kernel lets the probe in before the server has looked.
			eventually(t, "the probe to be counted", func() bool { return s.accepted.Load() > 0 })
			before := s.accepted.Load()
			_, _, err := exchange(t, m, "POST", "payload")
			if e := wantError(t, err, tt.kind); !e.Sent || e.Seen != tt.seen || e.NothingSent() {
				t.Errorf("%v: sent %v, seen %v, want true, %v", err, e.Sent, e.Seen, tt.seen)
			}
			if n := s.accepted.Load() - before; n != 1 {
				t.Errorf("%d deliveries, want one", n)
			}
			if n := m.InFlight(); n != 0 {
				t.Errorf("%d in flight after a failure", n)
			}
		})
	}
}

func TestABackendThatAcceptsAndClosesGetsNothingTwice(t *testing.T) {
	s := startRaw(t, func(c net.Conn) { _ = c.Close() })
	f := start(t, PoolOptions{}, s.url)
	f.is(t, 0, Up)
	// The kernel lets the probe in before the server has looked.
	eventually(t, "the probe to be counted", func() bool { return s.accepted.Load() > 0 })
	before := s.accepted.Load()
	_, _, err := exchange(t, f.pool.members[0], "POST", "payload")
	wantError(t, err, BackendCut)
	if n := s.accepted.Load() - before; n != 1 {
		t.Errorf("%d connections, want one", n)
	}
}

func TestTheClientsEndEndsTheAttempt(t *testing.T) {
	inModes(t, PoolOptions{}, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		func(t *testing.T, _ mode, f *fixture) {
			req, call := request(t, f.pool.members[0], "GET", "")
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				eventually(t, "the request is in flight", func() bool { return f.pool.members[0].InFlight() == 1 })
				cancel()
			}()
			_, err := f.pool.members[0].RoundTrip(req.WithContext(ctx), call)
			wantError(t, err, ClientClosed)
			if c := f.pool.members[0].Status().Counters; c.Failures != 0 {
				t.Error("the client's end counts as the backend's failure")
			}
		})
}

// brokenBody is a client that stops in the middle of its body.
type brokenBody struct{ n int }

func (b *brokenBody) Read(p []byte) (int, error) {
	if b.n++; b.n > 1 {
		return 0, errors.New("the client has gone")
	}
	return copy(p, "half"), nil
}

func TestAClientsBrokenBodyIsTheClientsFault(t *testing.T) {
	inModes(t, PoolOptions{}, echo, func(t *testing.T, _ mode, f *fixture) {
		m := f.pool.members[0]
		f.is(t, 0, Up)
		for _, length := range []int64{100, -1} {
			req, call := request(t, m, "POST", "")
			req.ContentLength = length
			call.Body = http1.NewSpool(&brokenBody{}, 64<<10)
			_, err := m.RoundTrip(req, call)
			wantError(t, err, ClientBody)
		}
		if m.State() != Up || m.Status().Counters.Failures != 0 {
			t.Error("it counts as the backend's failure")
		}
	})
}

func TestTheInFlightLimitHolds(t *testing.T) {
	inModes(t, PoolOptions{}, echo, func(t *testing.T, _ mode, f *fixture) {
		m := *f.pool.members[0]
		m.maxInFlight = 1
		req, call := request(t, &m, "POST", "payload")
		resp, err := m.RoundTrip(req, call)
		if err != nil {
			t.Fatal(err)
		}
		if !m.Full() || m.InFlight() != 1 {
			t.Fatalf("%d in flight, full %v", m.InFlight(), m.Full())
		}
		_, _, err = exchange(t, &m, "GET", "")
		if e := wantError(t, err, Full); !e.NothingSent() {
			t.Error("something was sent to a full backend")
		}
		for range 3 {
			if err := resp.Body.Close(); err != nil {
				t.Errorf("closing the body: %v", err)
			}
		}
		if n := m.InFlight(); n != 0 {
			t.Errorf("%d in flight after the body was closed three times", n)
		}
		if _, _, err := exchange(t, &m, "GET", ""); err != nil {
			t.Errorf("after the body was closed: %v", err)
		}
	})
}

func TestReadingTheAnswerToItsEndEndsTheAttempt(t *testing.T) {
	inModes(t, PoolOptions{}, echo, func(t *testing.T, _ mode, f *fixture) {
		m := f.pool.members[0]
		req, call := request(t, m, "GET", "")
		resp, err := m.RoundTrip(req, call)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Request != req {
			t.Error("the response names another request")
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		if n := m.InFlight(); n != 0 {
			t.Errorf("%d in flight before the body is closed", n)
		}
		_ = resp.Body.Close()
	})
}

func TestAFailureCountsOnceItMay(t *testing.T) {
	s := startRaw(t, reading(""))
	f := start(t, PoolOptions{Check: CheckOptions{Fall: 2}}, s.url)
	f.is(t, 0, Up)
	m := f.pool.members[0]
	for _, count := range []bool{false, true, true} {
		req, call := request(t, m, "GET", "")
		call.CountFailure = count
		_, err := m.RoundTrip(req, call)
		wantError(t, err, BackendCut)
		if call.Counted != count {
			t.Errorf("counted %v, want %v", call.Counted, count)
		}
	}
	if m.State() != Down {
		t.Errorf("%v after two failures that count", m.State())
	}
}

func TestAConnectThatIsNotGivenItsTimeDoesNotCount(t *testing.T) {
	f := start(t, PoolOptions{Check: CheckOptions{Fall: 1}}, strings.Replace(frozenServer(t), "http", "https", 1))
	f.is(t, 0, Down)
	setStates(f.pool, Up)
	m := f.pool.members[0]
	before := m.health.strikes.Load()
	req, call := request(t, m, "GET", "")
	call.ResponseLimit = 50 * time.Millisecond
	_, err := m.RoundTrip(req, call)
	wantError(t, err, ConnectTimeout)
	if n := m.health.strikes.Load() - before; n != 0 || m.State() != Up {
		t.Errorf("%d strikes, %v: the limit was the request's own", n, m.State())
	}
}

func TestInterimAnswersReachTheTraceOfTheRequest(t *testing.T) {
	inModes(t, PoolOptions{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.WriteString(w, "done")
	}, func(t *testing.T, _ mode, f *fixture) {
		req, call := request(t, f.pool.members[0], "GET", "")
		call.Movable = true
		var got int
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				if h.Get("Link") != "" {
					got = code
				}
				return nil
			},
		})
		resp, err := f.pool.members[0].RoundTrip(req.WithContext(ctx), call)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got != http.StatusEarlyHints || resp.StatusCode != http.StatusOK {
			t.Errorf("interim %d, final %d", got, resp.StatusCode)
		}
	})
}

func TestAnUpgradedConnectionIsInFlightUntilItIsClosed(t *testing.T) {
	s := startRaw(t, func(c net.Conn) {
		defer func() { _ = c.Close() }()
		r := bufio.NewReader(c)
		if readRequest(r) != nil {
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")
		_, _ = io.Copy(c, r)
	})
	f := start(t, PoolOptions{}, s.url)
	m := f.pool.members[0]
	req, call := request(t, m, "GET", "")
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "websocket")
	resp, err := m.RoundTrip(req, call)
	if err != nil {
		t.Fatal(err)
	}
	stream, ok := resp.Body.(duplex)
	if !ok || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("status %d, body %T", resp.StatusCode, resp.Body)
	}
	if _, err := io.WriteString(stream, " echo"); err != nil {
		t.Fatal(err)
	}
	if err := stream.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(stream)
	if string(text) != "hello echo" || err != nil {
		t.Errorf("read %q, %v", text, err)
	}
	if n := m.InFlight(); n != 1 {
		t.Errorf("%d in flight before it is closed", n)
	}
	_ = stream.Close()
	_ = stream.Close()
	if n := m.InFlight(); n != 0 {
		t.Errorf("%d in flight after it was closed twice", n)
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	for _, m := range modes {
		b.Run(m.name, func(b *testing.B) {
			url, config := serve(b, m.protocol, m.secure, func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, "hello")
			})
			f := start(b, PoolOptions{Protocol: m.protocol, TLS: config}, url)
			member := f.pool.members[0]
			b.ReportAllocs()
			for b.Loop() {
				req, call := request(b, member, "GET", "")
				call.Movable = true
				resp, err := member.RoundTrip(req, call)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		})
	}
}
