package proxy

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"sterling/backend"
	"sterling/session"
)

// askWithCookie sends a request on plain HTTP of a visitor of b1 whose cookie was written
// that long ago, and whom this process has not seen.
func askWithCookie(t *testing.T, r *running, age time.Duration) (body string, written bool) {
	t.Helper()
	keys, err := session.LoadOrCreate(r.snapshot.Load().cfg.Affinity.Keys)
	if err != nil {
		t.Fatal(err)
	}
	a, err := session.New(session.Options{Pool: "app", Keys: keys, Now: func() time.Time { return time.Now().Add(-age) }})
	if err != nil {
		t.Fatal(err)
	}
	h := make(http.Header)
	if err := a.Write(h, session.Pin{Backend: "b1"}, false); err != nil {
		t.Fatal(err)
	}
	cookie, _, _ := strings.Cut(h.Get("Set-Cookie"), ";")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url(modes[0]), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", cookie)
	res, err := modes[0].client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return bodyOf(t, res), res.Header.Get("Set-Cookie") != ""
}

// Where idle is 30m, a cookie of two minutes may be that of somebody who came a
// moment ago.
func TestADrainWhenIdleMovesNobodyWhoMayHaveBeenBusy(t *testing.T) {
	a, b := named(t, "b1"), named(t, "b2")
	for name, tt := range map[string]struct {
		given time.Duration // how long ago the order was
		crowd int           // visitors beside this one
		ages  map[time.Duration]string
	}{
		"after a restart":               {time.Hour, 0, map[time.Duration]string{2 * time.Minute: "b1", 10 * time.Minute: "b2"}},
		"one in a crowd, just ordered":  {0, 150_000, map[time.Duration]string{2 * time.Minute: "b1", 10 * time.Minute: "b2"}},
		"one in a crowd, ordered early": {time.Hour, 150_000, map[time.Duration]string{50 * time.Second: "b1", 2 * time.Minute: "b2"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, appPool(a.URL, b.URL))
			p := r.snapshot.Load().byName["app"]
			for now := time.Now(); tt.crowd > 0; tt.crowd-- {
				p.counters.census.Saw(rand.Uint64(), p.places["b2"], now)
			}
			r.member("b1").Give(backend.Order{
				Duty: backend.Draining, Mode: backend.WhenIdle, Quiet: time.Minute, Since: time.Now().Add(-tt.given),
			})
			for age, want := range tt.ages {
				if got, _ := askWithCookie(t, r, age); got != want {
					t.Errorf("a visitor whose cookie is of %v ago is served by %s, want %s", age, got, want)
				}
			}
		})
	}
}

func TestADrainWhenIdleHasCookiesWrittenMoreOften(t *testing.T) {
	a, b := named(t, "b1"), named(t, "b2")
	r := start(t, appPool(a.URL, b.URL))
	if _, written := askWithCookie(t, r, time.Minute); written {
		t.Error("a cookie of a minute ago was written again where idle is 30m, without an order")
	}
	if _, err := r.Drain("app", "b1", DrainOptions{Mode: "when-idle"}); err != nil {
		t.Fatal(err)
	}
	for age, want := range map[time.Duration]bool{5 * time.Second: false, 31 * time.Second: true, 4 * time.Minute: true} {
		if body, written := askWithCookie(t, r, age); body != "b1" || written != want {
			t.Errorf("cookie of %v ago, with those silent for 5m leaving: at %s, written again %v, want %v", age, body, written, want)
		}
	}
}
