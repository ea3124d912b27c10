package integration

import (
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// caddyDoor keeps visitors with the cookie of Caddy's own policy.
type caddyDoor struct {
	process
	o      plan
	secret string
}

func openCaddy(t testing.TB, p plan) (door, error) {
	t.Helper()
	d := &caddyDoor{process: newProcess(t), o: p, secret: "a secret of the suite"}
	return d, d.begin()
}

func (d *caddyDoor) begin() error {
	text, err := d.config(d.o)
	if err != nil {
		return err
	}
	if err := d.write("Caddyfile", text); err != nil {
		return err
	}
	if err := d.run("caddy", "run", "--adapter", "caddyfile", "--config", d.path("Caddyfile")); err != nil {
		return err
	}
	time.Sleep(700 * time.Millisecond) // for its first checks
	return nil
}

func (d *caddyDoor) config(p plan) (string, error) {
	if p.slowStart > 0 || p.idle > 0 || len(p.weights) > 0 {
		return "", errNotOffered
	}
	var to, page strings.Builder
	for _, s := range p.seats {
		to.WriteString(" " + s.addr)
	}
	if p.page != "" {
		fmt.Fprintf(&page, ` handle_errors {
  header Retry-After 60
  header Cache-Control no-store
  root * %s
  rewrite * /away.html
  file_server {
   status 503
  }
 }
`, strings.TrimSuffix(p.page, "/away.html"))
	}
	_, port, err := net.SplitHostPort(d.listen)
	if err != nil {
		return "", err
	}
	outliers := ""
	if p.outliers {
		outliers = "fail_duration 30s\n  max_fails 3\n  unhealthy_status 5xx"
	}
	return fmt.Sprintf(`{
 admin unix/%s
 auto_https off
}
http://:%s {
 bind 127.0.0.1
 reverse_proxy%s {
  lb_policy cookie srv "%s"
  lb_try_duration 3s
  lb_try_interval 50ms
  health_uri /healthz
  health_interval 200ms
  health_timeout 500ms
  %s
  transport http {
   dial_timeout 1s
   response_header_timeout %s
  }
 }
%s}
`, d.path("admin.sock"), port, to.String(), d.secret, outliers, patienceOfDoors, page.String()), nil
}

func (d *caddyDoor) reload(p plan) error {
	text, err := d.config(p)
	if err != nil {
		return err
	}
	d.o = p
	if err := d.write("Caddyfile", text); err != nil {
		return err
	}
	out, err := exec.Command("caddy", "reload", "--adapter", "caddyfile", "--config", d.path("Caddyfile"), //nolint:gosec,noctx // an installed proxy
		"--address", "unix/"+d.path("admin.sock")).CombinedOutput()
	if err != nil {
		return fmt.Errorf("caddy reload: %w: %s", err, out)
	}
	return nil
}

func (d *caddyDoor) restart() error {
	d.stop()
	return d.begin()
}

func (d *caddyDoor) replica() (door, error) {
	other := &caddyDoor{process: newProcess(d.t), o: d.o, secret: d.secret}
	return other, other.begin()
}

// rotate takes another secret: there is one at a time.
func (d *caddyDoor) rotate() error {
	d.secret += ", changed"
	return d.reload(d.o)
}

func (*caddyDoor) drain(string, bool) error       { return errNotOffered }
func (*caddyDoor) enable(string) error            { return errNotOffered }
func (*caddyDoor) left(string) (int, bool, error) { return 0, false, errNotOffered }
