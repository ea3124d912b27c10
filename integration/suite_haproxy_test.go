package integration

import (
	"encoding/csv"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

const proxyStart = 10 * time.Second

// haproxyDoor keeps visitors with a cookie that HAProxy inserts.
type haproxyDoor struct {
	process
	o plan
}

func openHAProxy(t testing.TB, p plan) (door, error) {
	t.Helper()
	d := &haproxyDoor{process: newProcess(t), o: p}
	return d, d.begin()
}

func (d *haproxyDoor) begin() error {
	text, err := d.config(d.o)
	if err != nil {
		return err
	}
	if err := d.write("haproxy.cfg", text); err != nil {
		return err
	}
	if err := d.run("haproxy", "-W", "-db", "-f", d.path("haproxy.cfg")); err != nil {
		return err
	}
	return d.settle()
}

// settle gives checks the time to find out what there is.
func (d *haproxyDoor) settle() error {
	if !proxytest.Within(proxyStart, func() bool { return d.worker() != "" }) {
		return fmt.Errorf("there is no worker")
	}
	time.Sleep(700 * time.Millisecond)
	return nil
}

func (d *haproxyDoor) config(p plan) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, `global
 maxconn 4000
 stats socket %s mode 600 level admin expose-fd listeners
`, d.path("admin.sock"))
	fmt.Fprintf(&b, `defaults
 mode http
 timeout connect 1s
 timeout client 60s
 timeout server %dms
 timeout tunnel 1h
 option redispatch 1
 retries 3
 retry-on conn-failure empty-response
`, patienceOfDoors.Milliseconds())
	if p.page != "" {
		page, err := os.ReadFile(p.page)
		if err != nil {
			return "", err
		}
		raw := "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\nCache-Control: no-store\r\nRetry-After: 60\r\nContent-Length: " +
			strconv.Itoa(len(page)) + "\r\n\r\n" + string(page)
		if err := d.write("503.http", raw); err != nil {
			return "", err
		}
		fmt.Fprintf(&b, " errorfile 503 %s\n", d.path("503.http"))
	}
	fmt.Fprintf(&b, `frontend f
 bind %s
 default_backend app
backend app
 balance roundrobin
 http-request disable-l7-retry if METH_POST
 cookie srv insert indirect nocache`, d.listen)
	if p.idle > 0 {
		fmt.Fprintf(&b, " maxidle %d maxlife %d", int(p.idle.Seconds()), int(p.life.Seconds()))
	}
	rise := 1
	if p.outliers {
		rise = 100 // or a check that passes ends what errors have begun
	}
	fmt.Fprintf(&b, "\n option httpchk GET /healthz\n default-server inter 200ms fall 2 rise %d", rise)
	if p.slowStart > 0 {
		fmt.Fprintf(&b, " slowstart %dms", p.slowStart.Milliseconds())
	}
	if p.outliers {
		b.WriteString(" observe layer7 error-limit 1 on-error mark-down")
	}
	b.WriteString("\n")
	for _, s := range p.seats {
		fmt.Fprintf(&b, " server %s %s check cookie %s", s.name, s.addr, s.name)
		if w, ok := p.weights[s.name]; ok {
			fmt.Fprintf(&b, " weight %d", w)
		}
		b.WriteString("\n")
	}
	return b.String(), nil
}

// say gives an order over the socket and returns the answer.
func (d *haproxyDoor) say(order string) (string, error) {
	c, err := net.Dial("unix", d.path("admin.sock"))
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, order+"\n"); err != nil {
		return "", err
	}
	b, err := io.ReadAll(c)
	return string(b), err
}

// worker is the process that serves.
func (d *haproxyDoor) worker() string {
	info, err := d.say("show info")
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(info, "\nPid: ")
	pid, _, _ := strings.Cut(rest, "\n")
	return pid
}

func (d *haproxyDoor) reload(p plan) error {
	d.o = p
	text, err := d.config(p)
	if err != nil {
		return err
	}
	if err := d.write("haproxy.cfg", text); err != nil {
		return err
	}
	was := d.worker()
	if err := d.signal(syscall.SIGUSR2); err != nil {
		return err
	}
	if !proxytest.Within(proxyStart, func() bool { now := d.worker(); return now != "" && now != was }) {
		return fmt.Errorf("the reload has brought no new worker")
	}
	return nil
}

func (d *haproxyDoor) restart() error {
	d.stop()
	return d.begin()
}

func (d *haproxyDoor) replica() (door, error) {
	other := &haproxyDoor{process: newProcess(d.t), o: d.o}
	return other, other.begin()
}

func (d *haproxyDoor) rotate() error { return errNotOffered }

func (d *haproxyDoor) state(name, state string) error {
	out, err := d.say("set server app/" + name + " state " + state)
	if err == nil && strings.TrimSpace(out) != "" {
		err = fmt.Errorf("%s", out)
	}
	return err
}

func (d *haproxyDoor) drain(name string, all bool) error {
	if all {
		return d.state(name, "maint")
	}
	return d.state(name, "drain")
}

func (d *haproxyDoor) enable(name string) error { return d.state(name, "ready") }

// left knows of requests under way alone: nobody counts visitors.
func (d *haproxyDoor) left(name string) (int, bool, error) {
	out, err := d.say("show stat")
	if err != nil {
		return 0, false, err
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(out, "# "))).ReadAll()
	if err != nil {
		return 0, false, err
	}
	for _, r := range rows {
		if r[0] == "app" && r[1] == name {
			return -1, r[4] == "0", nil
		}
	}
	return 0, false, fmt.Errorf("there is no server %s", name)
}
