package proxy

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sterling/backend"
)

// gated is a backend whose checks wait for a gate, if there is one, and then ask
// for the drain of its word.
type gated struct {
	*httptest.Server
	word atomic.Value
	gate atomic.Pointer[chan struct{}]
}

func newGated(t *testing.T, name string) *gated {
	t.Helper()
	g := new(gated)
	g.word.Store("")
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			_, _ = io.WriteString(w, name)
			return
		}
		if gate := g.gate.Load(); gate != nil {
			select {
			case <-*gate:
			case <-r.Context().Done():
			}
		}
		w.Header().Set(backend.DrainHeader, g.word.Load().(string)) //nolint:forcetypeassert // nothing else is stored
	}))
	t.Cleanup(g.Close)
	return g
}

// shut has checks wait until open is called.
func (g *gated) shut() (open func()) {
	gate := make(chan struct{})
	g.gate.Store(&gate)
	return func() { close(gate) }
}

// checkedPool is appPool with checks, which new visitors enter at the first.
func checkedPool(urls ...string) string {
	return strings.Replace(appPool(urls...), `policy = "round_robin"`,
		"policy = \"first\"\n[pool.health]\npath = \"/healthz\"\ninterval = \"20ms\"\ntimeout = \"20s\"", 1)
}

func (r *running) up(names ...string) {
	r.t.Helper()
	r.eventually("backends to be up", func() bool {
		for _, name := range names {
			if r.backend(name).Health != "up" {
				return false
			}
		}
		return true
	})
}

func TestWarmWaitsForAChecksAnswerOfBackendsThatAreKnownToo(t *testing.T) {
	a, b := newGated(t, "b1"), newGated(t, "b2")
	toml := preamble + checkedPool(a.URL, b.URL)
	r := startWith(t, toml)
	r.up("b1", "b2")
	open := a.shut()
	a.word.Store("keep")
	r = r.again(toml)
	if st := r.backend("b1"); st.Health != "up" {
		t.Fatalf("it is not known from before: %+v", st)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if r.Warm(ctx); ctx.Err() == nil {
		t.Error("it did not wait for the check of a backend that was up before")
	}
	open()
	if r.Warm(t.Context()); r.backend("b1").Order == nil {
		t.Error("what the check was answered is not in force")
	}
}

func TestWhatABackendAsksForItselfOutlivesARestart(t *testing.T) {
	a, b := newGated(t, "b1"), newGated(t, "b2")
	toml := preamble + checkedPool(a.URL, b.URL)
	r := startWith(t, toml)
	a.word.Store("when-idle")
	r.up("b1", "b2")
	r.eventually("b1 to ask for its drain", func() bool { return r.backend("b1").Order != nil })
	before := r.backend("b1").Order
	if _, err := r.Disable("app", "b1", false); err != nil { // the word is kept beneath an order, too
		t.Fatal(err)
	}

	open := a.shut()
	r = r.again(toml)
	if _, err := r.Enable("app", "b1"); err != nil {
		t.Fatal(err)
	}
	if now := r.backend("b1").Order; now == nil || now.By != "backend" || now.Mode != "when_idle" || !now.Since.Equal(before.Since) {
		t.Errorf("after the restart, before a check: %+v, want %+v", now, before)
	}
	if _, body := get(t, modes[0].client(t), r.url(modes[0])); body != "b2" {
		t.Errorf("a new visitor was pinned to %s, which is about to go", body)
	}
	a.word.Store("")
	open()
	r.eventually("a check that says otherwise", func() bool { return r.backend("b1").Order == nil })

	a.word.Store("keep")
	r.eventually("b1 to ask again", func() bool { return r.backend("b1").Order != nil })
	other := newGated(t, "new")
	other.shut()
	r = r.again(preamble + checkedPool(other.URL, b.URL))
	if now := r.backend("b1").Order; now != nil {
		t.Errorf("another address asks for what the one before it did: %+v", now)
	}
}
