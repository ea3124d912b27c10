package proxy

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// again starts a front door on the folder of one that was stopped.
func (r *running) again(toml string) *running {
	r.t.Helper()
	r.stop()
	next := &running{t: r.t, dir: r.dir, served: make(chan error, 1), log: r.log}
	s, err := New(next.parse(toml), Options{Log: zerolog.New(next.log)})
	if err != nil {
		r.t.Fatal(err)
	}
	next.Server = s
	if err := s.Listen(); err != nil {
		r.t.Fatal(err)
	}
	go func() { next.served <- s.Serve() }()
	r.t.Cleanup(next.stop)
	return next
}

func (r *running) backend(name string) BackendStatus {
	r.t.Helper()
	for _, b := range r.Status().Pools[0].Backends {
		if b.Name == name {
			return b
		}
	}
	r.t.Fatalf("no backend %s", name)
	return BackendStatus{}
}

func TestADrainKeepsKnownVisitorsAndTakesNoNewOnes(t *testing.T) {
	a, b := named(t, "b1"), named(t, "b2")
	inAllModes(t, func(t *testing.T, m mode) {
		r := start(t, appPool(a.URL, b.URL))
		r.proven()
		who := func(c *http.Client) string {
			res, err := c.Get(r.url(m))
			if err != nil {
				t.Fatal(err)
			}
			return bodyOf(t, res)
		}
		var known *http.Client
		for known == nil {
			if c := m.client(t); who(c) == "b1" {
				known = c
			}
		}
		who(known) // comes back
		st, err := r.Drain("app", "b1", DrainOptions{})
		if err != nil || st.State != "draining" || st.Health != "up" || st.Order == nil || st.Order.Mode != "keep" {
			t.Fatalf("%+v, %v", st, err)
		}
		for range 6 {
			if got := who(m.client(t)); got != "b2" {
				t.Fatalf("a new visitor got %s", got)
			}
			if got := who(known); got != "b1" {
				t.Fatalf("a known visitor got %s", got)
			}
		}
		if st := r.backend("b1"); st.Sessions == nil || *st.Sessions != 1 || st.SafeToStop {
			t.Errorf("with a visitor left: %+v", st)
		}
		if _, err := r.Drain("app", "b1", DrainOptions{Mode: "now"}); err != nil {
			t.Fatal(err)
		}
		for range 3 { // he moves once
			if got := who(known); got != "b2" {
				t.Fatalf("a known visitor got %s", got)
			}
		}
		r.eventually("safe to stop", func() bool { return r.backend("b1").SafeToStop })
		if st := r.backend("b1"); *st.Sessions != 0 {
			t.Errorf("%d visitors are left", *st.Sessions)
		}
		if st, err := r.Enable("app", "b1"); err != nil || st.State != "up" || st.Order != nil {
			t.Errorf("%+v, %v", st, err)
		}
		if got := who(known); got != "b2" {
			t.Errorf("he moved back to %s", got)
		}
	})
}

func TestADrainWhenIdleMovesThoseWhoWereSilent(t *testing.T) {
	a, b := named(t, "b1"), named(t, "b2")
	r := start(t, appPool(a.URL, b.URL))
	r.proven()
	m := modes[0]
	var known *http.Client
	get := func(c *http.Client) string {
		res, err := c.Get(r.url(m))
		if err != nil {
			t.Fatal(err)
		}
		return bodyOf(t, res)
	}
	var last time.Time // that he has asked
	for known == nil {
		last = time.Now()
		if c := m.client(t); get(c) == "b1" {
			known = c
		}
	}
	const quiet = 300 * time.Millisecond
	if _, err := r.Drain("app", "b1", DrainOptions{Mode: "when-idle", Quiet: quiet}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(600 * time.Millisecond); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		before := time.Now()
		if get(known) != "b1" {
			if time.Since(last) < quiet {
				t.Fatal("a busy visitor was moved")
			}
			break // this machine was too slow for him
		}
		last = before
	}
	time.Sleep(400 * time.Millisecond) // he is silent: this is what is tested
	if got := get(known); got != "b2" {
		t.Errorf("one who was silent got %s", got)
	}
}

func TestTheLastBackendIsNotDrainedUnforced(t *testing.T) {
	a, b := named(t, "b1"), named(t, "b2")
	r := start(t, appPool(a.URL, b.URL))
	r.proven()
	if _, err := r.Disable("app", "b1", false); err != nil {
		t.Fatal(err)
	}
	for name, give := range map[string]func(bool) error{
		"drain":   func(f bool) error { _, err := r.Drain("app", "b2", DrainOptions{Force: f}); return err },
		"disable": func(f bool) error { _, err := r.Disable("app", "b2", f); return err },
		"weight":  func(f bool) error { _, err := r.SetWeight("app", "b2", 0, f); return err },
	} {
		var o *OrderError
		if err := give(false); !errors.As(err, &o) || o.Kind != LastBackend || o.Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
		if st := r.backend("b2"); st.State != "up" || st.Weight != 1 {
			t.Errorf("%s: it was done all the same: %+v", name, st)
		}
		if err := give(true); err != nil {
			t.Errorf("%s, forced: %v", name, err)
		}
		_, _ = r.Enable("app", "b2")
		if _, err := r.SetWeight("app", "b2", 1, false); err != nil {
			t.Fatal(err)
		}
	}
	for _, at := range [][2]string{{"none", "b1"}, {"app", "b9"}} {
		var o *OrderError
		if _, err := r.Drain(at[0], at[1], DrainOptions{}); !errors.As(err, &o) || o.Kind != UnknownBackend || !strings.Contains(o.Hint, "app") && !strings.Contains(o.Hint, "b2") {
			t.Errorf("%v: %v", at, err)
		}
	}
	for _, o := range []DrainOptions{{Mode: "later"}, {Timeout: -1}, {Quiet: time.Minute}} {
		var oe *OrderError
		if _, err := r.Drain("app", "b2", o); !errors.As(err, &oe) || oe.Kind != BadOrder {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestTheLastBackendIsNotDrainedWhileItIsDown(t *testing.T) {
	a, b := named(t, "b1"), named(t, "b2")
	r := start(t, strings.Replace(appPool(a.URL, b.URL), `policy = "round_robin"`, quick, 1))
	r.up("b1", "b2")
	a.Close()
	r.eventually("b1 to be down", func() bool { return r.backend("b1").Health == "down" })
	var o *OrderError
	if _, err := r.Drain("app", "b2", DrainOptions{}); !errors.As(err, &o) || o.Kind != LastBackend {
		t.Errorf("the last that is up: %v", err)
	}
	if _, err := r.Drain("app", "b2", DrainOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	for name, give := range map[string]func() error{
		"drain":   func() error { _, err := r.Drain("app", "b1", DrainOptions{}); return err },
		"disable": func() error { _, err := r.Disable("app", "b1", false); return err },
		"weight":  func() error { _, err := r.SetWeight("app", "b1", 0, false); return err },
	} {
		if err := give(); !errors.As(err, &o) || o.Kind != LastBackend {
			t.Errorf("%s of the one that is down, where the other is drained: %v", name, err)
		}
	}
	if _, err := r.Enable("app", "b2"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Drain("app", "b1", DrainOptions{}); err != nil {
		t.Errorf("where the other serves: %v", err)
	}
	if _, err := r.Drain("app", "b1", DrainOptions{Mode: "now"}); err != nil {
		t.Errorf("in another mode: %v", err)
	}
}

// What was ordered, what is known and what was weighed outlives a reload and a
// restart; an address that has changed begins anew.
func TestOrdersHealthAndWeightsOutliveARestart(t *testing.T) {
	a, b, c := named(t, "b1"), named(t, "b2"), named(t, "b3")
	toml := preamble + appPool(a.URL, b.URL, "http://127.0.0.1:1", c.URL)
	r := startWith(t, toml)
	r.eventually("b3 is down", func() bool {
		res, err := modes[0].client(t).Get(r.url(modes[0]))
		if err == nil {
			_ = bodyOf(t, res)
		}
		return r.backend("b3").State == "down"
	})
	if _, err := r.Drain("app", "b1", DrainOptions{Mode: "when-idle", Quiet: time.Minute, Timeout: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Disable("app", "b2", false); err != nil {
		t.Fatal(err)
	}
	if st, err := r.SetWeight("app", "b4", 7, false); err != nil || st.Weight != 7 {
		t.Fatalf("%+v, %v", st, err)
	}
	before := r.backend("b1").Order
	check := func(r *running) {
		t.Helper()
		st := r.backend("b1")
		if st.Order == nil || st.Order.Mode != before.Mode || st.Order.Quiet != "1m0s" || !st.Order.Since.Equal(before.Since) || !st.Order.Until.Equal(*before.Until) {
			t.Errorf("b1: %+v", st.Order)
		}
		if st := r.backend("b2"); st.State != "disabled" {
			t.Errorf("b2: %+v", st)
		}
		if st := r.backend("b3"); st.State != "down" || st.Reason == "" {
			t.Errorf("b3: %+v", st)
		}
		if st := r.backend("b4"); st.Weight != 7 {
			t.Errorf("b4: %+v", st)
		}
	}
	report, err := r.Reload(r.parse(toml))
	if err != nil || !slices.Contains(report.Kept, "pool app: backend b1 stays draining") || len(report.Changes) > 0 {
		t.Errorf("%+v, %v", report, err)
	}
	check(r)
	r = r.again(toml)
	check(r)

	// Another address, and another weight in the file.
	other := named(t, "new")
	r = r.again(strings.Replace(preamble+appPool(other.URL, b.URL, other.URL, c.URL), c.URL+"\"", c.URL+"\"\nweight = 2", 1))
	if st := r.backend("b1"); st.State != "draining" || st.Health == "down" {
		t.Errorf("b1 at another address: %+v", st)
	}
	if st := r.backend("b3"); st.State == "down" {
		t.Errorf("b3 at another address: %+v", st)
	}
	if st := r.backend("b4"); st.Weight != 2 {
		t.Errorf("b4 with another weight in the file: %+v", st)
	}
}

func TestADamagedStateFileStopsNothing(t *testing.T) {
	a, b := named(t, "b1"), named(t, "b2")
	toml := preamble + appPool(a.URL, b.URL)
	r := startWith(t, toml)
	if _, err := r.Drain("app", "b1", DrainOptions{}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(r.dir, "state", stateFile)
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", st, err)
	}
	r.stop()
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	r = r.again(toml)
	if st := r.backend("b1"); st.State == "draining" {
		t.Errorf("%+v", st)
	}
	if aside, _ := filepath.Glob(path + ".damaged-*"); len(aside) != 1 {
		t.Errorf("set aside: %v", aside)
	}
	r.stop()
	if !strings.Contains(r.log.String(), "was set aside as") {
		t.Error("nobody was told")
	}
}

func TestAnOrderThatCannotBeKeptSaysSo(t *testing.T) {
	a, b := named(t, "b1"), named(t, "b2")
	r := start(t, appPool(a.URL, b.URL))
	path := filepath.Join(r.dir, "state", stateFile)
	_ = os.Remove(path)
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	var o *OrderError
	if _, err := r.Drain("app", "b1", DrainOptions{}); !errors.As(err, &o) || o.Kind != NotKept {
		t.Errorf("got %v", err)
	}
	if st := r.backend("b1"); st.State != "draining" {
		t.Errorf("it is not in force: %+v", st)
	}
}

func TestAfterDetachNothingIsWritten(t *testing.T) {
	a, b := named(t, "b1"), named(t, "b2")
	r := start(t, appPool(a.URL, b.URL))
	if _, err := r.Drain("app", "b1", DrainOptions{}); err != nil {
		t.Fatal(err)
	}
	r.Detach()
	path := filepath.Join(r.dir, "state", stateFile)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Enable("app", "b1"); err == nil {
		t.Error("an order is said to be kept")
	}
	r.stop()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file was written: %v", err)
	}
}
