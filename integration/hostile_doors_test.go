package integration

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"sterling/internal/proxytest"
)

// target is a door that is attacked; plain is "" where it is not installed.
type target struct {
	plain, secure string // over plain HTTP, and over TLS with HTTP/2
	ca            *proxytest.CA
	memory        func() int64
	ruled         *target // the same with rules
}

// otherDoors starts what is installed, as plainly configured as can be: HAProxy,
// nginx and Caddy, in this order.
func otherDoors(t *testing.T, ca *proxytest.CA, rec *proxytest.Recorder) []target {
	t.Helper()
	var doors []target
	for _, o := range []struct {
		name, file string
		config     func(d *process, secure, cert, key string) string
		args       func(*process) []string
	}{
		{"haproxy", "haproxy.cfg", func(d *process, secure, cert, _ string) string {
			return fmt.Sprintf("defaults\n mode http\n option forwardfor\n timeout connect 1s\n timeout client 3s\n timeout server 3s\nfrontend f\n bind %s\n bind %s ssl crt %s alpn h2,http/1.1\n default_backend b\nbackend b\n server s %s\n",
				d.listen, secure, cert, rec.Addr)
		}, func(d *process) []string { return []string{"-W", "-db", "-f", d.path("haproxy.cfg")} }},
		{"nginx", "nginx.conf", func(d *process, secure, cert, key string) string {
			return fmt.Sprintf(`daemon off;
worker_processes 1;
error_log %s;
pid %s;
events {}
http {
 access_log off;
 client_body_temp_path %s; proxy_temp_path %s; fastcgi_temp_path %s; uwsgi_temp_path %s; scgi_temp_path %s;
 server {
  listen %s; listen %s ssl http2; ssl_certificate %s; ssl_certificate_key %s;
  location / { proxy_pass http://%s; proxy_http_version 1.1; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }
 }
}
`, d.path("error.log"), d.path("pid"), d.path("a"), d.path("b"), d.path("c"), d.path("d"), d.path("e"), d.listen, secure, cert, key, rec.Addr)
		}, func(d *process) []string { return []string{"-e", d.path("start.log"), "-c", d.path("nginx.conf")} }},
		{"caddy", "Caddyfile", func(d *process, secure, cert, key string) string {
			return fmt.Sprintf("{\n admin off\n auto_https off\n}\nhttp://%s, http://localhost:%d {\n reverse_proxy %s\n}\nhttps://localhost:%d {\n bind 127.0.0.1\n tls %s %s\n reverse_proxy %s\n}\n",
				d.listen, portOf(d.listen), rec.Addr, portOf(secure), cert, key, rec.Addr)
		}, func(d *process) []string {
			return []string{"run", "--config", d.path("Caddyfile"), "--adapter", "caddyfile"}
		}},
	} {
		if _, err := exec.LookPath(o.name); err != nil {
			doors = append(doors, target{})
			continue
		}
		d := newProcess(t)
		secure := proxytest.FreeAddr(t)
		cert, key := certificateWithKey(t, ca, d.dir)
		if err := d.write(o.file, o.config(&d, secure, cert, key)); err != nil {
			t.Fatal(err)
		}
		if err := d.run(o.name, o.args(&d)...); err != nil {
			t.Fatal(err)
		}
		doors = append(doors, target{plain: d.listen, secure: secure, ca: ca, memory: func() int64 { return d.memory(t) }})
	}
	return doors
}

// certificateWithKey writes a certificate with its key behind it, as HAProxy
// wants it, and the key apart.
func certificateWithKey(t *testing.T, ca *proxytest.CA, dir string) (both, key string) {
	t.Helper()
	both, key = ca.Files(dir, "door", "localhost", "admin.example.org")
	text, err := os.ReadFile(key)
	if err == nil {
		var f *os.File
		if f, err = os.OpenFile(both, os.O_APPEND|os.O_WRONLY, 0); err == nil {
			_, err = f.Write(text)
			_ = f.Close() // into a temporary folder
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return both, key
}

// memory is what the process and its children really have.
func (p *process) memory(t *testing.T) int64 {
	t.Helper()
	sum := proxytest.ResidentMemory(t, p.cmd.Process.Pid)
	for _, child := range strings.Fields(p.children()) {
		if pid, err := strconv.Atoi(child); err == nil {
			sum += proxytest.ResidentMemory(t, pid)
		}
	}
	return sum
}
