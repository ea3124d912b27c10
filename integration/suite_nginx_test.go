package integration

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// nginxDoor keeps visitors by a cookie that the userid module gives to each,
// and a consistent hash of it: the open edition has no cookie that names a
// backend, no active checks and no drain.
type nginxDoor struct {
	process
	o plan
}

func openNginx(t testing.TB, p plan) (door, error) {
	t.Helper()
	d := &nginxDoor{process: newProcess(t), o: p}
	return d, d.begin()
}

func (d *nginxDoor) begin() error {
	text, err := d.config(d.o)
	if err != nil {
		return err
	}
	if err := d.write("nginx.conf", text); err != nil {
		return err
	}
	return d.run("nginx", "-e", d.path("error.log"), "-c", d.path("nginx.conf"), "-g", "daemon off;")
}

func (d *nginxDoor) config(p plan) (string, error) {
	if p.slowStart > 0 || p.idle > 0 {
		return "", errNotOffered
	}
	var servers, page strings.Builder
	for _, s := range p.seats {
		fmt.Fprintf(&servers, "  server %s max_fails=1 fail_timeout=2s", s.addr)
		if w, ok := p.weights[s.name]; ok {
			if w == 0 {
				return "", errNotOffered
			}
			fmt.Fprintf(&servers, " weight=%d", w)
		}
		servers.WriteString(";\n")
	}
	if p.page != "" {
		fmt.Fprintf(&page, `error_page 502 503 504 =503 /away.html;
  location = /away.html { internal; alias %s; userid off; add_header Retry-After 60 always; }
`, p.page)
	}
	return fmt.Sprintf(`user root;
pid %[1]s/nginx.pid;
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
 client_max_body_size 0;
 map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
 upstream app {
  zone app 256k;
  hash $uid_got$uid_set consistent;
%[2]s  keepalive 64;
 }
 server {
  listen %[3]s;
  userid on;
  userid_name uid;
  %[5]s
  location / {
   proxy_pass http://app;
   proxy_http_version 1.1;
   proxy_set_header Upgrade $http_upgrade;
   proxy_set_header Connection $connection_upgrade;
   proxy_connect_timeout 1s;
   proxy_read_timeout %[4]dms;
  }
 }
}
`, d.dir, servers.String(), d.listen, patienceOfDoors.Milliseconds(), page.String()), nil
}

func (d *nginxDoor) reload(p plan) error {
	text, err := d.config(p)
	if err != nil {
		return err
	}
	d.o = p
	if err := d.write("nginx.conf", text); err != nil {
		return err
	}
	was := d.children()
	if err := d.signal(syscall.SIGHUP); err != nil {
		return err
	}
	if !proxytest.Within(proxyStart, func() bool {
		for _, pid := range strings.Fields(d.children()) {
			if !strings.Contains(" "+was, " "+pid+" ") {
				return true
			}
		}
		return false
	}) {
		return fmt.Errorf("the reload has brought no new worker")
	}
	time.Sleep(200 * time.Millisecond) // until the old one accepts no more
	return nil
}

func (d *nginxDoor) restart() error {
	d.stop()
	return d.begin()
}

func (d *nginxDoor) replica() (door, error) {
	other := &nginxDoor{process: newProcess(d.t), o: d.o}
	return other, other.begin()
}

func (*nginxDoor) rotate() error                  { return errNotOffered }
func (*nginxDoor) drain(string, bool) error       { return errNotOffered }
func (*nginxDoor) enable(string) error            { return errNotOffered }
func (*nginxDoor) left(string) (int, bool, error) { return 0, false, errNotOffered }
