package backend

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"sterling/internal/http1"
	"sterling/internal/proxytest"
)

// rawServer accepts connections and gives each to serve, which owns it. It
// counts them.
type rawServer struct {
	url      string
	accepted atomic.Int64
	listener net.Listener
	done     sync.WaitGroup

	mu    sync.Mutex // guards conns
	conns []net.Conn
}

func startRaw(t testing.TB, serve func(net.Conn)) *rawServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &rawServer{url: "http://" + l.Addr().String(), listener: l}
	s.done.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.accepted.Add(1)
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			s.done.Go(func() { serve(conn) })
		}
	})
	t.Cleanup(s.stop)
	return s
}

// stop closes the listener and all connections, and waits.
func (s *rawServer) stop() {
	_ = s.listener.Close() // may have been closed by the test
	s.hangUp()
	s.done.Wait()
}

// hangUp closes all connections.
func (s *rawServer) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.Close() // may have been closed by its server
	}
	s.conns = nil
}

// reading makes a server that reads one request whole, and then answers with
// text and closes.
func reading(text string) func(net.Conn) {
	return func(conn net.Conn) {
		defer func() { _ = conn.Close() }()
		if readRequest(bufio.NewReader(conn)) != nil {
			return
		}
		_, _ = io.WriteString(conn, text) // the test sees what is missing
	}
}

func readRequest(r *bufio.Reader) error {
	req, err := http.ReadRequest(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, req.Body)
	return err
}

// frozenServer listens and never accepts, as a stopped process does: the
// kernel goes on taking connections for it.
func frozenServer(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return "http://" + l.Addr().String()
}

// fixture is a started set with one pool of one configuration.
type fixture struct {
	set   *Set
	pools *Pools
	pool  *Pool

	mu     sync.Mutex // guards events
	events []Event
}

// start builds and starts a pool of the given URLs, named b0, b1, …
func start(t testing.TB, o PoolOptions, urls ...string) *fixture {
	t.Helper()
	proxytest.CheckLeaks(t)
	f := &fixture{}
	f.set = NewSet(SetOptions{OnEvent: f.note, Resolver: noNames()})
	t.Cleanup(f.set.Close)
	o.Name = "app"
	o.Backends = members(t, urls...)
	f.reload(t, o)
	t.Cleanup(func() { f.pools.Retire() })
	return f
}

// members describes backends of those URLs.
func members(t testing.TB, urls ...string) []MemberOptions {
	t.Helper()
	all := weighted(repeat(len(urls), 1)...)
	for i, s := range urls {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		all[i].URL = u
	}
	return all
}

// reload builds, starts and retires as a reload does.
func (f *fixture) reload(t testing.TB, o PoolOptions) {
	t.Helper()
	o.ReuseForAll = true // most tests want to see what becomes of a kept connection
	pools, err := f.set.Build([]PoolOptions{o})
	if err != nil {
		t.Fatal(err)
	}
	pools.Start()
	if f.pools != nil {
		f.pools.Retire()
	}
	f.pools, f.pool = pools, pools.Pool(o.Name)
}

func (f *fixture) note(e Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, e)
}

// told returns the events so far of one kind.
func (f *fixture) told(kind EventKind) []Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []Event
	for _, e := range f.events {
		if e.Kind == kind {
			all = append(all, e)
		}
	}
	return all
}

// is waits until a member is in a state.
func (f *fixture) is(t testing.TB, member int, s State) {
	t.Helper()
	eventually(t, "b"+string(rune('0'+member))+" "+s.String(), func() bool { return f.pool.members[member].State() == s })
}

// noNames is a resolver that knows no name but answers at once.
func noNames() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("there is no name server")
	}}
}

// request makes a request to a member, with a body unless it is "".
func request(t testing.TB, m *Member, method, body string) (*http.Request, *Call) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, m.URL().String()+"/path", nil)
	if err != nil {
		t.Fatal(err)
	}
	call := &Call{CountFailure: true}
	if body != "" {
		req.ContentLength = int64(len(body))
		call.Body = http1.NewSpool(strings.NewReader(body), 64<<10)
	}
	return req, call
}

// exchange makes a request and reads the answer whole.
func exchange(t testing.TB, m *Member, method, body string) (string, *Call, error) {
	t.Helper()
	req, call := request(t, m, method, body)
	resp, err := m.RoundTrip(req, call)
	if err != nil {
		return "", call, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return string(text), call, err
}

// wantError checks kind and progress of an error.
func wantError(t testing.TB, err error, kind Kind) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v, want an *Error of kind %v", err, kind)
	}
	if e.Kind != kind {
		t.Fatalf("kind %v (%v), want %v", e.Kind, err, kind)
	}
	return e
}

// echo answers with the request's protocol, method and body.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_, _ = io.WriteString(w, r.Proto+" "+r.Method+" "+string(body)) // the test sees what is missing
}

// serve starts a server of the standard library that speaks protocol, and
// returns its URL and the settings to trust it.
func serve(t testing.TB, protocol Protocol, secure bool, handler http.HandlerFunc) (string, *tls.Config) {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config.Protocols = new(http.Protocols)
	switch protocol {
	case H2C:
		s.Config.Protocols.SetUnencryptedHTTP2(true)
	case H2:
		s.Config.Protocols.SetHTTP2(true)
		s.EnableHTTP2 = true
	default:
		s.Config.Protocols.SetHTTP1(true)
	}
	t.Cleanup(s.Close)
	if !secure && protocol != H2 {
		s.Start()
		return s.URL, nil
	}
	ca := proxytest.NewCA(t)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Certificate("127.0.0.1")}}
	s.StartTLS()
	return s.URL, &tls.Config{RootCAs: ca.Pool()}
}
