package proxy

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sterling/backend"
)

// member is a backend of the pool "app", as the door has it now.
func (r *running) member(name string) *backend.Member {
	return r.snapshot.Load().pools.Pool("app").Pinned(name)
}

func TestOrdersMoveVisitorsAsTheySay(t *testing.T) {
	for _, tt := range []struct {
		name    string
		order   backend.Order
		known   string // where the visitor of one is served
		cookies bool   // a new pin was written
	}{
		{"draining, keep", backend.Order{Duty: backend.Draining}, "one", false},
		{"draining, now", backend.Order{Duty: backend.Draining, Mode: backend.Now}, "two", true},
		{"draining, time over", backend.Order{Duty: backend.Draining, Until: time.Now()}, "two", true},
		{"disabled", backend.Order{Duty: backend.Disabled}, "two", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			toml := strings.Replace(appPool(named(t, "one").URL, named(t, "two").URL), "round_robin", "first", 1)
			r := start(t, toml)
			m := modes[0]
			visitor := m.client(t)
			if _, body := get(t, visitor, r.url(m)); body != "one" {
				t.Fatalf("began at %s", body)
			}
			r.member("b1").Give(tt.order)
			if _, err := r.Reload(r.parse(preamble + toml)); err != nil {
				t.Fatal(err)
			}
			res, body := get(t, visitor, r.url(m))
			if body != tt.known || (res.Header["Set-Cookie"] != nil) != tt.cookies {
				t.Errorf("at %s, cookie %q", body, res.Header["Set-Cookie"])
			}
			if _, body := get(t, m.client(t), r.url(m)); body != "two" {
				t.Errorf("somebody new went to %s", body)
			}
			r.member("b1").Give(backend.Order{})
			if _, body := get(t, visitor, r.url(m)); body != tt.known {
				t.Errorf("back at %s: whoever moved stays", body)
			}
			if _, body := get(t, m.client(t), r.url(m)); body != "one" {
				t.Errorf("somebody new went to %s, once it is enabled", body)
			}
		})
	}
}

func TestAVisitorOfADrainedBackendStaysWhenNobodyElseServes(t *testing.T) {
	for _, allDown := range []string{"try_all", "fail"} {
		gone := named(t, "two")
		toml := strings.Replace(appPool(named(t, "one").URL, gone.URL), `policy = "round_robin"`,
			"policy = \"first\"\nall_down = \""+allDown+"\"\n[pool.health]\ninterval = \"10ms\"", 1)
		r := start(t, toml)
		m := modes[0]
		visitor := m.client(t)
		get(t, visitor, r.url(m))
		gone.Close()
		r.eventually("the other is down", func() bool { return r.member("b2").State() == backend.Down })
		r.member("b1").Give(backend.Order{Duty: backend.Draining, Mode: backend.Now})
		if res, body := get(t, visitor, r.url(m)); body != "one" {
			t.Errorf("%s: %d %q", allDown, res.StatusCode, body)
		}
	}
}

func TestABackendDrainsItselfThroughItsCheck(t *testing.T) {
	var word atomic.Value
	word.Store("")
	leaving := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			_, _ = io.WriteString(w, word.Load().(string)) //nolint:forcetypeassert // nothing else is stored
			return
		}
		_, _ = io.WriteString(w, "one")
	}))
	t.Cleanup(leaving.Close)
	toml := strings.Replace(appPool(leaving.URL, named(t, "two").URL), `policy = "round_robin"`,
		"policy = \"first\"\n[pool.health]\npath = \"/healthz\"\ninterval = \"10ms\"\ndrain_word = \"leaving\"", 1)
	r := start(t, toml)
	m := modes[0]
	visitor := m.client(t)
	get(t, visitor, r.url(m))
	word.Store("leaving\n")
	r.eventually("the word is heard", func() bool { return r.member("b1").Order().Duty == backend.Draining })
	if _, body := get(t, visitor, r.url(m)); body != "one" {
		t.Errorf("a known visitor went to %s", body)
	}
	if _, body := get(t, m.client(t), r.url(m)); body != "two" {
		t.Errorf("somebody new went to %s", body)
	}
	r.stop()
	if log := r.log.String(); !strings.Contains(log, `"from":"serving","to":"draining","by":"backend","mode":"keep","message":"backend order changed"`) {
		t.Errorf("the process log does not tell of it:\n%s", log)
	}
}

func TestAVisitorOfAFailingBackendMovesAndStays(t *testing.T) {
	var broken atomic.Bool
	failing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if broken.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
		_, _ = io.WriteString(w, "one")
	}))
	t.Cleanup(failing.Close)
	toml := strings.Replace(appPool(failing.URL, named(t, "two").URL), `policy = "round_robin"`,
		"policy = \"first\"\nslow_start = \"1h\"\n[pool.outliers]\nconsecutive = 3\neject = \"2s\"\neject_max = \"2s\"", 1)
	r := start(t, toml)
	m := modes[0]
	visitor := m.client(t)
	get(t, visitor, r.url(m))
	broken.Store(true)
	for range 3 {
		if res, _ := get(t, visitor, r.url(m)); res.StatusCode != http.StatusBadGateway {
			t.Fatalf("status %d", res.StatusCode)
		}
	}
	if _, body := get(t, visitor, r.url(m)); body != "two" {
		t.Errorf("after three errors still at %s", body)
	}
	broken.Store(false)
	r.eventually("it is readmitted", func() bool { return r.member("b1").Status().Ejected == nil })
	if ramp := r.member("b1").Status().Ramp; ramp > 0.5 {
		t.Errorf("the ramp is at %v", ramp)
	}
	if _, body := get(t, visitor, r.url(m)); body != "two" {
		t.Errorf("moved again, to %s", body)
	}
	r.stop()
	for _, want := range []string{
		`"reason":"3 gateway errors in a row","until":"`, `"message":"backend ejected"`, `"message":"backend readmitted"`,
	} {
		if log := r.log.String(); !strings.Contains(log, want) {
			t.Errorf("the process log does not say %s:\n%s", want, log)
		}
	}
}
