package integration

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path"
	"strings"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// The rules of a door that has some: over TLS, admin.example.org is for who shows
// a certificate of the staff's; /admin is for nobody over plain HTTP; and the
// backend is told the path in X-Was.
const adminHost = "admin.example.org"

func ruleAttacks() []attack {
	atAdmin := some(func(r *proxytest.Recorded) bool { return r.Get("Host") == adminHost })
	denied := some(func(r *proxytest.Recorded) bool {
		target, err := url.PathUnescape(r.Target)
		return err == nil && strings.HasPrefix(path.Clean(target), "/admin")
	})
	evil := some(func(r *proxytest.Recorded) bool { return r.Has("X-Evil") || r.Fault != "" })
	rule := func(id, name, target string, harm func(effect) bool) attack {
		return attack{id: id, name: name, ruled: true, send: "GET " + target + " HTTP/1.1\r\n" + localhost + "\r\n", harm: harm}
	}
	return []attack{
		{id: "P2", name: "a host that asks for certificates, over another's connection", ruled: true, ask: pastThePolicy, harm: atAdmin},
		{id: "P3", name: "a session of another host's, TLS 1.2", ruled: true, ask: withASession(tls.VersionTLS12), harm: atAdmin},
		{id: "P3", name: "a session of another host's, TLS 1.3", ruled: true, ask: withASession(tls.VersionTLS13), harm: atAdmin},
		rule("P5", "a denied path with a letter escaped", "/%61dmin/x", denied),
		rule("P5", "a denied path behind two slashes", "//admin/x", denied),
		rule("P5", "a denied path behind dots", "/public/../admin/x", denied),
		rule("P5", "a denied path behind escaped dots", "/public/%2e%2e/admin/x", denied),
		rule("P9", "an escaped line end in what a rule makes a header of", "/a%0d%0aX-Evil:%201", evil),
	}
}

const getAdmin = "GET /a HTTP/1.1\r\nHost: " + adminHost + "\r\n\r\n"

func pastThePolicy(t *testing.T, d target, _ *proxytest.Recorder) string {
	t.Helper()
	return attack{name: "P2"}.over(t, proxytest.DialRawTLS(t, d.secure, d.ca, "localhost"), getAdmin)
}

// oneSession gives the last session to whoever asks.
type oneSession struct{ last *tls.ClientSessionState }

func (s *oneSession) Get(string) (*tls.ClientSessionState, bool) { return s.last, s.last != nil }

func (s *oneSession) Put(_ string, state *tls.ClientSessionState) { s.last = state }

// withASession begins one where nobody is asked for a certificate, resumes it
// there, and then at the other host.
func withASession(version uint16) func(*testing.T, target, *proxytest.Recorder) string {
	return func(t *testing.T, d target, rec *proxytest.Recorder) string {
		t.Helper()
		var cache oneSession
		for n := range 2 {
			c, err := d.greet("localhost", version, nil, &cache)
			if err != nil {
				t.Fatalf("%x at %s: %v", version, d.secure, err)
			}
			if c.ConnectionState().DidResume != (n == 1) {
				t.Errorf("turn %d: resumed %v", n, n != 1)
			}
			answered(c, getA("")) // with TLS 1.3 the session comes before it
		}
		rec.Reset()
		c, err := d.greet(adminHost, version, nil, &cache)
		if err != nil {
			return ""
		}
		return attack{name: "P3"}.over(t, c, getAdmin)
	}
}

// greet opens a connection over TLS.
func (d target) greet(host string, version uint16, cert *tls.Certificate, cache tls.ClientSessionCache) (*tls.Conn, error) {
	conf := &tls.Config{RootCAs: d.ca.Pool(), ServerName: host, MinVersion: version, MaxVersion: version, ClientSessionCache: cache, NextProtos: []string{"http/1.1"}}
	if cert != nil {
		conf.Certificates = []tls.Certificate{*cert}
	}
	return tls.Dial("tcp", d.secure, conf)
}

// answered sends a request and returns the status of its answer, 0 for none.
func answered(c net.Conn, bytes string) int {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = io.WriteString(c, bytes) // a door that hung up shows in the answer
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// holds sees to it that the rules are in force, or they would not be got past.
func (d target) holds(t *testing.T, name string, staff *proxytest.CA, rec *proxytest.Recorder) {
	t.Helper()
	plainly := func(bytes string) func() int {
		return func() int { return answered(proxytest.DialRaw(t, d.plain), bytes) }
	}
	member := staff.Certificate("ann")
	atAdmin := func(version uint16, cert *tls.Certificate) func() int {
		return func() int {
			c, err := d.greet(adminHost, version, cert, nil)
			if err != nil {
				return 0
			}
			return answered(c, getAdmin)
		}
	}
	for what, c := range map[string]struct {
		ask  func() int
		good bool
	}{
		"a plain request":                 {plainly(getA("")), true},
		"a denied path":                   {plainly("GET /admin/x HTTP/1.1\r\n" + localhost + "\r\n"), false},
		"admin by a certificate":          {atAdmin(tls.VersionTLS12, &member), true},
		"admin without":                   {atAdmin(tls.VersionTLS12, nil), false},
		"admin by a certificate, TLS 1.3": {atAdmin(tls.VersionTLS13, &member), true},
		"admin without, TLS 1.3":          {atAdmin(tls.VersionTLS13, nil), false},
	} {
		rec.Reset()
		status, seen := c.ask(), rec.Requests()
		if (status == http.StatusOK) != c.good || (len(seen) == 1) != c.good {
			t.Errorf("%s, %s: status %d, the backend saw %v", name, what, status, seen)
		}
		if what == "a plain request" && len(seen) == 1 && seen[0].Get("X-Was") != "/a" {
			t.Errorf("%s: the backend is not told the path: %v", name, seen)
		}
	}
}

func ruledSterling(t *testing.T, ca, staff *proxytest.CA, rec *proxytest.Recorder) *target {
	t.Helper()
	dir := proxytest.ShortDir(t)
	if err := os.WriteFile(dir+"/staff.pem", staff.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	told := "[route.request.set]\nX-Was = \"${path}\"\n"
	p := proxytest.Start(t, proxytest.Options{CA: ca, Dir: dir, Config: "[[tls.client]]\nhosts = [\"" + adminHost + "\"]\ncertificate = \"required\"\nca = \"staff.pem\"\n" +
		"[[route]]\npaths = [\"/admin\"]\nclient_verified = true\npool = \"app\"\n" + told + "[[route]]\npool = \"app\"\n" + told + proxytest.OnlyPool("app", "", rec.Addr)})
	return &target{plain: p.Addr("plain"), secure: p.Addr("front"), ca: ca}
}

// ruledDoors are otherDoors with the rules, each in its own shortest words.
func ruledDoors(t *testing.T, ca, staff *proxytest.CA, rec *proxytest.Recorder) []*target {
	t.Helper()
	var doors []*target
	for _, o := range []struct {
		name   string
		config func(d *process, secure, cert, key, staff string) map[string]string
		args   func(*process) []string
	}{
		{"haproxy", func(d *process, secure, cert, _, staff string) map[string]string {
			return map[string]string{
				"certs": fmt.Sprintf("%s [verify none] localhost\n%s [ca-file %s verify required] %s\n", cert, cert, staff, adminHost),
				"haproxy.cfg": fmt.Sprintf("defaults\n mode http\n option forwardfor\n timeout connect 1s\n timeout client 3s\n timeout server 3s\nfrontend f\n bind %s\n bind %s ssl crt-list %s alpn h2,http/1.1\n"+
					" http-request deny if { path_beg /admin }\n http-request set-header X-Was %%[path]\n default_backend b\nbackend b\n server s %s\n", d.listen, secure, d.path("certs"), rec.Addr),
			}
		}, func(d *process) []string { return []string{"-W", "-db", "-f", d.path("haproxy.cfg")} }},
		{"nginx", func(d *process, secure, cert, key, staff string) map[string]string {
			forward := fmt.Sprintf("proxy_pass http://%s; proxy_http_version 1.1; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Was $uri;", rec.Addr)
			return map[string]string{"nginx.conf": fmt.Sprintf(`daemon off;
worker_processes 1;
error_log %s;
pid %s;
events {}
http {
 access_log off;
 client_body_temp_path %s; proxy_temp_path %s; fastcgi_temp_path %s; uwsgi_temp_path %s; scgi_temp_path %s;
 ssl_certificate %s; ssl_certificate_key %s; ssl_protocols TLSv1.2 TLSv1.3;
 server { listen %s; listen %s ssl http2; server_name localhost; location / { %s } location /admin { return 403; } }
 server { listen %s ssl http2; server_name %s; ssl_client_certificate %s; ssl_verify_client on; location / { %s } }
}
`, d.path("error.log"), d.path("pid"), d.path("a"), d.path("b"), d.path("c"), d.path("d"), d.path("e"), cert, key, d.listen, secure, forward, secure, adminHost, staff, forward)}
		}, func(d *process) []string { return []string{"-e", d.path("start.log"), "-c", d.path("nginx.conf")} }},
		{"caddy", func(d *process, secure, cert, key, staff string) map[string]string {
			forward := fmt.Sprintf("reverse_proxy %s {\n header_up X-Was {path}\n }\n", rec.Addr)
			return map[string]string{"Caddyfile": fmt.Sprintf("{\n admin off\n auto_https off\n}\nhttp://%s, http://localhost:%d {\n respond /admin* 403\n %s}\nhttps://localhost:%d {\n bind 127.0.0.1\n tls %s %s\n %s}\n"+
				"https://%s:%d {\n bind 127.0.0.1\n tls %s %s {\n client_auth {\n mode require_and_verify\n trusted_ca_cert_file %s\n }\n }\n %s}\n",
				d.listen, portOf(d.listen), forward, portOf(secure), cert, key, forward, adminHost, portOf(secure), cert, key, staff, forward)}
		}, func(d *process) []string {
			return []string{"run", "--config", d.path("Caddyfile"), "--adapter", "caddyfile"}
		}},
	} {
		if _, err := exec.LookPath(o.name); err != nil {
			doors = append(doors, nil)
			continue
		}
		d := newProcess(t)
		secure := proxytest.FreeAddr(t)
		cert, key := certificateWithKey(t, ca, d.dir)
		files := o.config(&d, secure, cert, key, d.path("staff.pem"))
		files["staff.pem"] = string(staff.PEM())
		for name, text := range files {
			if err := d.write(name, text); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.run(o.name, o.args(&d)...); err != nil {
			t.Fatal(err)
		}
		door := &target{plain: d.listen, secure: secure, ca: ca}
		door.holds(t, o.name, staff, rec)
		doors = append(doors, door)
	}
	return doors
}
