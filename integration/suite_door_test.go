package integration

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// patienceOfDoors is how long doors of the suite wait for an answer.
const patienceOfDoors = time.Second

// errNotOffered says that a door has no means for something.
var errNotOffered = errors.New("not offered")

// plan is what a door is to do, in no door's terms.
type plan struct {
	seats     []*seat
	weights   map[string]int // other than 1
	idle      time.Duration  // of a visitor; 0: half an hour
	life      time.Duration
	slowStart time.Duration
	outliers  bool
	page      string // for when nobody is there; "": none
}

// with is the plan with other seats.
func (p plan) with(seats ...*seat) plan {
	p.seats = seats
	return p
}

// door is a proxy under the suite.
type door interface {
	addr() string
	reload(p plan) error
	restart() error
	// replica is another process of the same configuration and secrets.
	replica() (door, error)
	// rotate changes the secret of the cookies, as gently as there is a way to.
	rotate() error
	// drain takes a backend out of the choice for new visitors; those it knows
	// stay unless all are to go.
	drain(name string, all bool) error
	enable(name string) error
	// left is how many visitors a backend has, and whether it is safe to stop.
	left(name string) (visitors int, safe bool, err error)
}

// sterlingDoor is ours.
type sterlingDoor struct {
	t testing.TB
	p *proxytest.Sterling
	o plan
}

func openSterling(t testing.TB, p plan) (door, error) {
	t.Helper()
	d := &sterlingDoor{t: t, o: p}
	d.p = proxytest.Start(t, proxytest.Options{Config: d.config(p)})
	d.settle(p)
	return d, nil
}

// settle waits until what can be reached is up.
func (d *sterlingDoor) settle(p plan) {
	for _, s := range p.seats {
		if s.is() == seatWell && s.server != nil {
			d.p.Backend(s.name, "up")
		}
	}
}

func (d *sterlingDoor) config(p plan) string {
	var b strings.Builder
	b.WriteString("[shutdown]\nidle_grace = \"100ms\"\n[upgrade]\nidle_grace = \"100ms\"\n")
	b.WriteString("[[route]]\npool = \"app\"\n[[pool]]\nname = \"app\"\npolicy = \"round_robin\"\nall_down = \"fail\"\n")
	if p.slowStart > 0 {
		fmt.Fprintf(&b, "slow_start = %q\n", p.slowStart)
	}
	b.WriteString("[pool.affinity]\nby = \"cookie\"\n")
	if p.idle > 0 {
		fmt.Fprintf(&b, "idle = %q\nlife = %q\n", p.idle, p.life)
	}
	b.WriteString("[pool.health]\npath = \"/healthz\"\ninterval = \"200ms\"\ntimeout = \"500ms\"\nfall = 2\n")
	fmt.Fprintf(&b, "[pool.timeout]\nconnect = \"1s\"\nresponse = %q\n", patienceOfDoors)
	if p.outliers {
		b.WriteString("[pool.outliers]\nconsecutive = 3\neject = \"30s\"\n")
	}
	if p.page != "" {
		fmt.Fprintf(&b, "[pool.unavailable]\nfile = %q\nretry_after = \"1m\"\n", p.page)
	}
	for _, s := range p.seats {
		b.WriteString(proxytest.Backend(s.name, s.addr))
		if w, ok := p.weights[s.name]; ok {
			fmt.Fprintf(&b, "weight = %d\n", w)
		}
	}
	return b.String()
}

func (d *sterlingDoor) addr() string { return d.p.Addr("plain") }

func (d *sterlingDoor) reload(p plan) error {
	d.o = p
	d.p.Write(d.config(p))
	d.p.Reload()
	return nil
}

func (d *sterlingDoor) restart() error {
	d.p.Stop()
	d.p = proxytest.Start(d.t, proxytest.Options{Dir: d.p.Dir, CA: d.p.CA, Config: d.config(d.o)})
	d.settle(d.o)
	return nil
}

func (d *sterlingDoor) replica() (door, error) {
	keys := filepath.Join(d.p.Dir, "state", "affinity.keys")
	other := &sterlingDoor{t: d.t, o: d.o}
	other.p = proxytest.Start(d.t, proxytest.Options{Config: fmt.Sprintf("[affinity]\nkeys = %q\n", keys) + d.config(d.o)})
	other.settle(d.o)
	return other, nil
}

func (d *sterlingDoor) rotate() error {
	out, code := command(d.t, d.p.Dir, "keys", "add", "-c", d.p.File)
	if code != 0 {
		return fmt.Errorf("keys add: %s", out)
	}
	d.p.Reload()
	return nil
}

func (d *sterlingDoor) order(args ...string) (string, error) {
	out, code := command(d.t, d.p.Dir, append(args, "--admin", "unix:"+d.p.Dir+"/admin.sock")...)
	if code != 0 {
		return out, fmt.Errorf("%s: %s", strings.Join(args, " "), out)
	}
	return out, nil
}

func (d *sterlingDoor) drain(name string, all bool) error {
	mode := "keep"
	if all {
		mode = "now"
	}
	_, err := d.order("drain", "app/"+name, "--mode", mode)
	return err
}

// drainWithin is a drain that waits for known visitors no longer than that.
func (d *sterlingDoor) drainWithin(name string, patience time.Duration) error {
	_, err := d.order("drain", "app/"+name, "--mode", "keep", "--timeout", patience.String())
	return err
}

func (d *sterlingDoor) enable(name string) error {
	_, err := d.order("enable", "app/"+name)
	return err
}

func (d *sterlingDoor) left(name string) (int, bool, error) {
	for _, b := range d.p.Status().Pools[0].Backends {
		if b.Name == name {
			n := 0
			if b.Sessions != nil {
				n = *b.Sessions
			}
			return n, b.SafeToStop, nil
		}
	}
	return 0, false, fmt.Errorf("there is no backend %s", name)
}

// writePage makes the page of a plan.
func writePage(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "away.html")
	if err := os.WriteFile(path, []byte("<h1>Back soon</h1>\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
