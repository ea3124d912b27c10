package integration

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"sterling/internal/proxyline"
	"sterling/internal/proxytest"
)

// from dials the door from a loopback address, and says a line first, in two
// pieces.
func from(t *testing.T, source, door, line string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}, Timeout: 5 * time.Second}
	c, err := d.DialContext(t.Context(), "tcp", door)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	half := len(line) / 2
	_, _ = io.WriteString(c, line[:half])
	if half > 0 {
		time.Sleep(10 * time.Millisecond)
	}
	_, _ = io.WriteString(c, line[half:])
	return c
}

// get asks over a connection, and returns the answer's status and body; 0: there
// is none.
func askOver(c net.Conn, more string) (status int, body string) {
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n"+more+"\r\n")
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, ""
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(text)
}

// forwardedTo is a backend that answers with the client it was told of, and with
// what else stands in asAProxy and reaches it.
func forwardedTo(t *testing.T) *proxytest.Counter {
	return proxytest.NewCounter(t, "app", func(w http.ResponseWriter, r *http.Request) {
		told := r.Header.Get("X-Forwarded-For") + " " + r.Header.Get("X-Real-Ip")
		for _, name := range []string{"Remote-User", "X-Ssl-Client-Verify", "X-Ssl-Client-Subject"} {
			if value := r.Header.Get(name); value != "" {
				told += " " + value
			}
		}
		if host := r.Header.Get("X-Forwarded-Host"); host == "evil.example.org" {
			told += " " + host
		}
		_, _ = io.WriteString(w, told)
	})
}

func proxyLine(version int, client string) string {
	return string(proxyline.Write(version, proxyline.Ends{Client: netip.MustParseAddrPort(client), Door: netip.MustParseAddrPort("198.51.100.1:443")}))
}

func TestABalancerSaysWhoTheClientIs(t *testing.T) {
	t.Parallel()
	app := forwardedTo(t)
	for _, mode := range []string{"required", "optional"} {
		options := proxytest.Options{
			Config:   "[limits]\nconnections_per_address = 3\n" + proxytest.Pool("app", app.Addr),
			Listener: "proxy_protocol = \"" + mode + "\"\ntrusted_proxies = [\"127.0.0.1\", \"127.0.0.3\"]\n",
		}
		p := proxytest.Start(t, options)
		const six = "PROXY TCP6 2001:db8::7 2001:db8::1 4321 443\r\n"
		local := string(proxyline.Write(2, proxyline.Ends{}))
		none, garbage := map[string]int{"required": 0, "optional": 200}[mode], map[string]int{"required": 0, "optional": 400}[mode]
		for _, c := range []struct {
			name, source, line, more string
			status                   int
			told                     string
		}{
			{"v1", "127.0.0.1", proxyLine(1, "192.0.2.7:4321"), "", 200, "192.0.2.7 192.0.2.7"},
			{"v2", "127.0.0.1", proxyLine(2, "192.0.2.7:4321"), "", 200, "192.0.2.7 192.0.2.7"},
			{"IPv6", "127.0.0.1", six, "", 200, "2001:db8::7 2001:db8::7"},
			{"the balancer itself", "127.0.0.1", local, asAProxy, 200, "127.0.0.1 127.0.0.1"},
			{"unknown", "127.0.0.1", "PROXY UNKNOWN\r\n", asAProxy, 200, "127.0.0.1 127.0.0.1"},
			{"a balancer that names itself", "127.0.0.1", proxyLine(2, "127.0.0.1:4321"), asAProxy, 200, "127.0.0.1 127.0.0.1"},
			{"what the client says of himself", "127.0.0.1", proxyLine(2, "192.0.2.7:4321"), asAProxy, 200, "192.0.2.7 192.0.2.7"},
			{"what a proxy behind the balancer says", "127.0.0.1", proxyLine(1, "127.0.0.3:4321"), "X-Forwarded-For: 192.0.2.8\r\nRemote-User: ann\r\n", 200, "192.0.2.8, 127.0.0.3 192.0.2.8 ann"},
			{"no line", "127.0.0.1", "", asAProxy, none, "127.0.0.1 127.0.0.1"},
			{"no line from another", "127.0.0.3", "", asAProxy, none, "127.0.0.3 127.0.0.3"},
			{"a stranger", "127.0.0.2", "", asAProxy, none, "127.0.0.2 127.0.0.2"},
			{"a stranger's line", "127.0.0.2", proxyLine(1, "192.0.2.7:4321"), "", garbage, ""},
			{"a stranger's binary line", "127.0.0.2", proxyLine(2, "192.0.2.7:4321"), "", garbage, ""},
			{"two lines", "127.0.0.1", proxyLine(1, "192.0.2.7:4321") + proxyLine(1, "192.0.2.8:4321"), "", 400, ""},
			{"malformed", "127.0.0.1", "PROXY TCP4 nobody\r\n", "", 0, ""},
			{"too long", "127.0.0.1", "PROXY " + strings.Repeat("x", 200), "", 0, ""},
		} {
			for _, listener := range []string{"plain", "front"} {
				t.Run(fmt.Sprintf("%s, %s, %s", mode, c.name, listener), func(t *testing.T) {
					conn := from(t, c.source, p.Addr(listener), c.line)
					over, want := conn, c.status
					if listener == "front" {
						secure := tls.Client(conn, &tls.Config{ServerName: "localhost", RootCAs: p.CA.Pool(), MinVersion: tls.VersionTLS12})
						if over = secure; want == 400 {
							want = 0 // it is no handshake
						}
					}
					status, body := askOver(over, c.more)
					if want == 400 && status == 0 {
						status = want // the rest of what was sent took the answer with it
					}
					if status != want || status == 200 && body != c.told {
						t.Errorf("%d %q, want %d %q", status, body, want, c.told)
					}
					_ = conn.Close()
				})
			}
		}
		t.Run(mode+", a line that does not end", func(t *testing.T) {
			options.Listener += "header_timeout = \"1s\""
			p := proxytest.Start(t, options)
			conn := from(t, "127.0.0.1", p.Addr("plain"), "PROXY TCP4")
			if n, err := conn.Read(make([]byte, 1)); n > 0 || !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%d, %v", n, err)
			}
		})
		t.Run(mode+", places are the client's", func(t *testing.T) {
			for client := range 4 {
				for place := range 4 {
					conn := from(t, "127.0.0.1", p.Addr("plain"), proxyLine(2, fmt.Sprintf("192.0.2.1%d:4321", client)))
					if status, _ := askOver(conn, ""); (status == 200) != (place < 3) {
						t.Errorf("client %d, place %d: %d", client, place, status)
					}
				}
			}
		})
		clients := map[string]bool{}
		proxytest.Eventually(t, "the log to have its lines", func() bool {
			for _, l := range p.Lines() {
				clients[l.Client] = true
			}
			return clients["192.0.2.13"]
		})
		for _, want := range []string{"192.0.2.7", "2001:db8::7", "192.0.2.10"} {
			if !clients[want] {
				t.Errorf("%s: %s is not in the log: %v", mode, want, clients)
			}
		}
		if refused := p.Status().Listeners[1].Refused; refused == 0 {
			t.Errorf("%s: none was counted as refused", mode)
		}
	}
}

// lined is a listener whose connections begin with a line.
type lined struct {
	net.Listener
	t *testing.T
}

type linedConn struct {
	net.Conn
	client, door net.Addr
}

func (c linedConn) RemoteAddr() net.Addr { return c.client }
func (c linedConn) LocalAddr() net.Addr  { return c.door }

func (l lined) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
	ends, err := proxyline.Read(c.(*net.TCPConn))
	_ = c.SetReadDeadline(time.Time{})
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		// A check by TCP alone may have gone.
	case err != nil:
		l.t.Errorf("a connection without a good line: %v", err)
	}
	return linedConn{c, net.TCPAddrFromAddrPort(ends.Client), net.TCPAddrFromAddrPort(ends.Door)}, nil
}

func TestBackendsAreToldByALine(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"v1", "v2"} {
		t.Run(version, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/health" && !strings.HasPrefix(r.RemoteAddr, "invalid") && r.RemoteAddr != ":0" {
					t.Errorf("a check comes from %s", r.RemoteAddr)
				}
				_, _ = fmt.Fprint(w, r.RemoteAddr, " ", r.Context().Value(http.LocalAddrContextKey))
			})}
			served := make(chan struct{})
			go func() { defer close(served); _ = server.Serve(lined{l, t}) }()
			t.Cleanup(func() { _ = server.Close(); <-served })
			p := proxytest.Start(t, proxytest.Options{Config: "[[route]]\npool = \"app\"\n" +
				proxytest.OnlyPool("app", "proxy_protocol = \""+version+"\"\n[pool.health]\npath = \"/health\"\ninterval = \"100ms\"\n", l.Addr().String())})
			var clients []net.Conn
			for range 3 {
				clients = append(clients, from(t, "127.0.0.1", p.Addr("plain"), ""))
			}
			for round := range 4 {
				for i, c := range clients {
					if status, body := askOver(c, ""); status != 200 || body != c.LocalAddr().String()+" "+p.Addr("plain") {
						t.Errorf("round %d: client %d is %s, and the backend was told %d %s", round, i, c.LocalAddr(), status, body)
					}
				}
			}
			for _, tr := range []*http3.Transport{over3(t, p), over3(t, p)} {
				socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
				if err != nil {
					t.Fatal(err)
				}
				quick := &quic.Transport{Conn: socket}
				t.Cleanup(func() { _ = quick.Close(); _ = socket.Close() })
				tr.Dial = func(ctx context.Context, addr string, secure *tls.Config, conf *quic.Config) (*quic.Conn, error) {
					to, err := net.ResolveUDPAddr("udp", addr)
					if err != nil {
						return nil, err
					}
					return quick.DialEarly(ctx, to, secure, conf)
				}
				res, err := (&http.Client{Transport: tr, Timeout: 10 * time.Second}).Get(p.URL("front") + "/") //nolint:noctx // it has a limit
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if string(body) != socket.LocalAddr().String()+" "+p.Addr("front") {
					t.Errorf("a client over HTTP/3 is %s, and the backend was told %d %s", socket.LocalAddr(), res.StatusCode, body)
				}
			}
			if b := p.Status().Pools[0].Backends[0]; b.State != "up" {
				t.Errorf("the backend is %s", b.State)
			}
		})
	}
}

// Real balancers in front, and a real server behind.
func TestLinesOfOthers(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"haproxy", "nginx"} {
		if _, err := exec.LookPath(program); err != nil {
			proxytest.Skip(t, "no "+program)
		}
	}
	behind := newProcess(t)
	if err := behind.write("nginx.conf", fmt.Sprintf(`daemon off;
worker_processes 1;
error_log %s;
pid %s;
events {}
http {
 access_log off;
 client_body_temp_path %s; proxy_temp_path %s; fastcgi_temp_path %s; uwsgi_temp_path %s; scgi_temp_path %s;
 server { listen %s proxy_protocol; location / { return 200 "$proxy_protocol_addr $http_x_forwarded_for"; } }
}
`, behind.path("error.log"), behind.path("pid"), behind.path("a"), behind.path("b"), behind.path("c"), behind.path("d"), behind.path("e"), behind.listen)); err != nil {
		t.Fatal(err)
	}
	if err := behind.run("nginx", "-e", behind.path("start.log"), "-c", behind.path("nginx.conf")); err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"v1", "v2"} {
		p := proxytest.Start(t, proxytest.Options{
			Config:   "[[route]]\npool = \"app\"\n" + proxytest.OnlyPool("app", "proxy_protocol = \""+version+"\"\n", behind.listen),
			Listener: "proxy_protocol = \"required\"\ntrusted_proxies = [\"127.0.0.1\"]",
		})
		front := newProcess(t)
		send := map[string]string{"v1": "send-proxy", "v2": "send-proxy-v2"}[version]
		if err := front.write("haproxy.cfg", fmt.Sprintf(`defaults
 mode tcp
 timeout connect 2s
 timeout client 20s
 timeout server 20s
listen f
 bind %s
 server door %s %s
`, front.listen, p.Addr("front"), send)); err != nil {
			t.Fatal(err)
		}
		if err := front.run("haproxy", "-W", "-db", "-f", front.path("haproxy.cfg")); err != nil {
			t.Fatal(err)
		}
		for _, h2 := range []bool{false, true} {
			dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.5")}}
			tr := &http.Transport{
				DialContext: dialer.DialContext, ForceAttemptHTTP2: h2,
				TLSClientConfig: &tls.Config{ServerName: "localhost", RootCAs: p.CA.Pool(), MinVersion: tls.VersionTLS12},
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+front.listen+"/", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = "localhost"
			res, err := tr.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if string(body) != "127.0.0.5 127.0.0.5" {
				t.Errorf("%s, h2 %v: %q", version, h2, body)
			}
			tr.CloseIdleConnections()
		}
		front.stop()
	}
}
