package integration

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// peer is another proxy under the same load, set as near to ours as it goes.
type peer struct {
	name, program string
	config        func(listen, dir string, children []*proxytest.Child) string
	args          func(file string) []string
}

var haproxyRetries = map[string]string{
	"haproxy, replays":        "option redispatch\n retry-on all-retryable-errors\n retries 3",
	"haproxy, replays no":     "option redispatch\n retry-on conn-failure\n retries 3",
	"haproxy, never replaces": "retries 3",
}

func thePeers() []peer {
	var all []peer
	for name, retry := range haproxyRetries {
		all = append(all, peer{
			name: name, program: "haproxy",
			config: func(listen, _ string, children []*proxytest.Child) string {
				return haproxyConfig(listen, retry, children)
			},
			args: func(file string) []string { return []string{"-db", "-f", file} },
		})
	}
	return append(all, peer{
		name: "nginx", program: "nginx", config: nginxConfig,
		args: func(file string) []string { return []string{"-c", file, "-g", "daemon off;"} },
	})
}

func haproxyConfig(listen, retry string, children []*proxytest.Child) string {
	var b strings.Builder
	fmt.Fprintf(&b, `global
 maxconn 2000
defaults
 mode http
 timeout connect 1s
 timeout client 60s
 timeout server 5s
 %s
frontend f
 bind %s
 default_backend app
backend app
 balance leastconn
 cookie srv insert indirect nocache
 option httpchk GET /healthz
 default-server inter 500ms fall 2 rise 1
`, retry, listen)
	for _, c := range children {
		fmt.Fprintf(&b, " server %s %s check cookie %s\n", c.Name, c.Addr, c.Name)
	}
	return b.String()
}

func nginxConfig(listen, dir string, children []*proxytest.Child) string {
	var servers strings.Builder
	for _, c := range children {
		fmt.Fprintf(&servers, "  server %s max_fails=2 fail_timeout=1s;\n", c.Addr)
	}
	return fmt.Sprintf(`pid %[1]s/nginx.pid;
error_log %[1]s/error.log;
worker_processes 1;
events { worker_connections 4096; }
http {
 access_log off;
 client_body_temp_path %[1]s/body;
 proxy_temp_path %[1]s/proxy;
 fastcgi_temp_path %[1]s/fastcgi;
 uwsgi_temp_path %[1]s/uwsgi;
 scgi_temp_path %[1]s/scgi;
 upstream app {
  hash $http_x_visitor consistent;
%[2]s  keepalive 64;
 }
 server {
  listen %[3]s;
  location / {
   proxy_pass http://app;
   proxy_http_version 1.1;
   proxy_set_header Connection "";
   proxy_connect_timeout 1s;
   proxy_read_timeout 3s;
  }
 }
}
`, dir, servers.String(), listen)
}

// start runs the peer until the end of the test.
func (p peer) start(t testing.TB, children []*proxytest.Child) (url string) {
	t.Helper()
	dir, listen := t.TempDir(), proxytest.FreeAddr(t)
	file := filepath.Join(dir, "peer.conf")
	if err := os.WriteFile(file, []byte(p.config(listen, dir, children)), 0o600); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(p.program, p.args(file)...) //nolint:gosec,noctx // an installed proxy, ended below
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", p.program, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may be gone
		_ = cmd.Wait()
		_ = log.Close()
	})
	proxytest.Eventually(t, p.name+" to listen", func() bool {
		c, err := net.Dial("tcp", listen)
		return err == nil && c.Close() == nil
	})
	time.Sleep(time.Second) // for its first checks
	return "http://" + listen + "/"
}

func TestFailoverOfPeers(t *testing.T) {
	if !*peers {
		t.Log("not asked for: run with -peers")
		return
	}
	for _, p := range thePeers() {
		t.Run(p.name, func(t *testing.T) {
			if _, err := exec.LookPath(p.program); err != nil {
				proxytest.Skip(t, p.program+" is not installed")
			}
			children := threeChildren(t)
			count(play(t, theScene(), p.start(t, children), children)).report(t, p.name)
		})
	}
}
