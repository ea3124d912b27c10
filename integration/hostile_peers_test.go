package integration

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// attack is what an id of docs/security.md comes to in bytes. harm reports
// whether what a backend saw would serve the attacker.
type attack struct {
	id, name, send string
	harm           func([]*proxytest.Recorded) bool
}

const toLocalhost = "Host: localhost\r\n"

func attacks() []attack {
	any := func(is func(*proxytest.Recorded) bool) func([]*proxytest.Recorded) bool {
		return func(seen []*proxytest.Recorded) bool { return slices.ContainsFunc(seen, is) }
	}
	// broken: it is framed in a way that others read in another.
	broken := any(func(r *proxytest.Recorded) bool { return r.Fault != "" })
	carries := func(name, value string) func([]*proxytest.Recorded) bool {
		return any(func(r *proxytest.Recorded) bool {
			for _, f := range append(slices.Clone(r.Header), r.Trailer...) {
				if strings.EqualFold(strings.ReplaceAll(f.Name, "_", "-"), name) && strings.Contains(f.Value, value) {
					return true
				}
			}
			return false
		})
	}
	lacks := func(name string) func([]*proxytest.Recorded) bool {
		return any(func(r *proxytest.Recorded) bool { return !r.Has(name) })
	}
	target := func(part string) func([]*proxytest.Recorded) bool {
		return any(func(r *proxytest.Recorded) bool { return strings.Contains(r.Target, part) })
	}
	both := any(func(r *proxytest.Recorded) bool {
		return r.Has("Content-Length") && r.Has("Transfer-Encoding") || r.Fault != ""
	})
	get := func(lines string) string { return "GET /a HTTP/1.1\r\n" + toLocalhost + lines + "\r\n" }
	post := func(lines, body string) string { return "POST /a HTTP/1.1\r\n" + toLocalhost + lines + "\r\n" + body }
	return []attack{
		{"S1", "bare LF in a chunk size", post("Transfer-Encoding: chunked\r\n", "5\nAAAAA\r\n0\r\n\r\n"), broken},
		{"S3", "space before the colon", post("Content-Length : 5\r\n", "AAAAA"), broken},
		{"S4", "a very long name", post("Content-Length0"+strings.Repeat("a", 300)+": \r\nContent-Length: 5\r\n", "AAAAA"), any(func(r *proxytest.Recorded) bool { return len(r.Values("Content-Length")) > 1 || r.Fault != "" })},
		{"S5", "empty name", get(": x\r\nX-Note: kept\r\n"), lacks("X-Note")},
		{"S6", "empty length", post("Content-Length:\r\n", ""), broken},
		{"S7", "fragment in the target", "GET /a#.png HTTP/1.1\r\n" + toLocalhost + "\r\n", target("#")},
		{"S10", "length and coding", post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nX"), both},
		{"S10", "coding twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"), broken},
		{"S10", "folded coding", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), broken},
		{"S10", "two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n", "AAAAAA"), broken},
		{"U2", "h2c upgrade", get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"), carries("Upgrade", "h2c")},
		{"U4", "Connection names a header", get("Connection: Upgrade, X-Note\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nX-Note: hop\r\n"), carries("X-Note", "hop")},
		{"F1", "Connection names X-Forwarded-For", get("Connection: close, X-Forwarded-For\r\nX-Forwarded-For: 6.6.6.6\r\n"), lacks("X-Forwarded-For")},
		{"F3", "forged X-Forwarded-For", get("X-Forwarded-For: 6.6.6.6\r\n"), carries("X-Forwarded-For", "6.6.6.6")},
		{"F3", "forged X-Real-IP", get("X-Real-IP: 6.6.6.6\r\n"), carries("X-Real-IP", "6.6.6.6")},
		{"F4", "underscores", get("X_Forwarded_For: 6.6.6.6\r\n"), carries("X-Forwarded-For", "6.6.6.6")},
		{"F6", "Proxy", get("Proxy: evil:3128\r\n"), carries("Proxy", "evil")},
		{"F7", "protected trailer", post("Transfer-Encoding: chunked\r\nTrailer: X-Forwarded-For\r\n", "0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"), any(func(r *proxytest.Recorded) bool {
			return slices.ContainsFunc(r.Trailer, func(f proxytest.Field) bool { return strings.EqualFold(f.Name, "X-Forwarded-For") })
		})},
		{"F8", "forged client certificate", get("X-SSL-Client-Verify: SUCCESS\r\n"), carries("X-SSL-Client-Verify", "SUCCESS")},
		{"P1", "two hosts", "GET /a HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", any(func(r *proxytest.Recorded) bool { return len(r.Values("Host")) != 1 })},
		{"P1", "target and host differ", "GET http://evil/a HTTP/1.1\r\n" + toLocalhost + "\r\n", any(func(r *proxytest.Recorded) bool { return r.Get("Host") == "evil" || strings.Contains(r.Target, "evil") })},
		{"P4", "dots behind an escape", "GET /public/%2e%2e/admin HTTP/1.1\r\n" + toLocalhost + "\r\n", target("%2e%2e")},
		{"P4", "encoded slash", "GET /public/..%2fadmin HTTP/1.1\r\n" + toLocalhost + "\r\n", target("..%2f")},
		{"P4", "NUL", "GET /admin%00 HTTP/1.1\r\n" + toLocalhost + "\r\n", target("%00")},
		{"P4", "backslash", "GET /public\\..\\admin HTTP/1.1\r\n" + toLocalhost + "\r\n", target("\\")},
	}
}

// against sends an attack and says what came of it.
func (a attack) against(t *testing.T, addr string, rec *proxytest.Recorder) string {
	t.Helper()
	rec.Reset()
	c := proxytest.DialRaw(t, addr)
	// Some take the end of what is sent for the end of the client.
	_ = c.SetDeadline(time.Now().Add(400 * time.Millisecond))
	c.Send(a.send)
	_, err := io.Copy(io.Discard, c)
	_ = c.Close()
	if err != nil && !isReset(err) && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Logf("%s: %v", a.name, err)
	}
	time.Sleep(50 * time.Millisecond)
	seen := rec.Requests()
	switch {
	case len(seen) == 0:
		return "refused"
	case a.harm(seen):
		return "**passed on**"
	default:
		return "made harmless"
	}
}

// What other doors, as they come, do with the same bytes.
func TestHostileBytesAtOtherDoors(t *testing.T) {
	rec := proxytest.NewRecorder(t, nil)
	p := proxytest.Start(t, proxytest.Options{Config: strings.Replace(proxytest.Pool("app", rec.Addr), "[[route]]", "[[route]]\nhosts = [\"localhost\"]", 1)})
	for _, a := range attacks() {
		if got := a.against(t, p.Addr("plain"), rec); got == "**passed on**" {
			t.Errorf("%s, %s: %v", a.id, a.name, rec.Requests())
		}
	}
	if !*peers {
		return
	}
	doors := otherDoors(t, rec)
	names := []string{"haproxy", "nginx", "caddy"}
	var table strings.Builder
	for _, a := range attacks() {
		fmt.Fprintf(&table, "| %s | %s | %s |", a.id, a.name, a.against(t, p.Addr("plain"), rec))
		for _, name := range names {
			got := "not there"
			if addr := doors[name]; addr != "" {
				got = a.against(t, addr, rec)
			}
			fmt.Fprintf(&table, " %s |", got)
		}
		table.WriteString("\n")
	}
	t.Logf("\n%s", table.String())
	if *tableFile != "" {
		if err := os.WriteFile(*tableFile, []byte(table.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// otherDoors starts what is installed, as plainly configured as can be.
func otherDoors(t *testing.T, rec *proxytest.Recorder) map[string]string {
	t.Helper()
	doors := map[string]string{}
	begin := func(name, file string, config func(*process) string, args func(*process) []string) {
		if _, err := exec.LookPath(name); err != nil {
			return
		}
		d := newProcess(t)
		if err := d.write(file, config(&d)); err != nil {
			t.Fatal(err)
		}
		if err := d.run(name, args(&d)...); err != nil {
			t.Fatal(err)
		}
		doors[name] = d.listen
	}
	begin("haproxy", "haproxy.cfg", func(d *process) string {
		return fmt.Sprintf("defaults\n mode http\n option forwardfor\n timeout connect 1s\n timeout client 3s\n timeout server 3s\nfrontend f\n bind %s\n default_backend b\nbackend b\n server s %s\n", d.listen, rec.Addr)
	}, func(d *process) []string { return []string{"-W", "-db", "-f", d.path("haproxy.cfg")} })
	begin("nginx", "nginx.conf", func(d *process) string {
		return fmt.Sprintf(`daemon off;
worker_processes 1;
error_log %s;
pid %s;
events {}
http {
 access_log off;
 client_body_temp_path %s; proxy_temp_path %s; fastcgi_temp_path %s; uwsgi_temp_path %s; scgi_temp_path %s;
 server { listen %s; location / { proxy_pass http://%s; proxy_http_version 1.1; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; } }
}
`, d.path("error.log"), d.path("pid"), d.path("a"), d.path("b"), d.path("c"), d.path("d"), d.path("e"), d.listen, rec.Addr)
	}, func(d *process) []string { return []string{"-e", d.path("start.log"), "-c", d.path("nginx.conf")} })
	begin("caddy", "Caddyfile", func(d *process) string {
		return fmt.Sprintf("{\n admin off\n auto_https off\n}\nhttp://%s, http://localhost:%d {\n reverse_proxy %s\n}\n", d.listen, portOf(d.listen), rec.Addr)
	}, func(d *process) []string {
		return []string{"run", "--config", d.path("Caddyfile"), "--adapter", "caddyfile"}
	})
	return doors
}
