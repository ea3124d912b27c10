package session

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestOptionsAreHeldToTheirRules(t *testing.T) {
	keys := must(firstKeys())(t)
	tests := []struct {
		change func(*Options)
		want   string // "": good
	}{
		{func(*Options) {}, ""},
		{func(o *Options) { o.Pool = "" }, "the pool's name"},
		{func(o *Options) { o.Pool, o.Cookie = strings.Repeat("p", 256), "c" }, "the pool's name"},
		{func(o *Options) { o.Pool = "a b" }, "cookie name"},
		{func(o *Options) { o.Pool, o.Cookie = "a b", "ab" }, ""},
		{func(o *Options) { o.Cookie = "a;b" }, "cookie name"},
		{func(o *Options) { o.Cookie = "é" }, "cookie name"},
		{func(o *Options) { o.Cookie = "__Host-x" }, "prefix"},
		{func(o *Options) { o.Cookie = "__secure-x" }, "prefix"},
		{func(o *Options) { o.Cookie = strings.Repeat("c", 256) }, "longer"},
		{func(o *Options) { o.Idle = -1 }, "negative"},
		{func(o *Options) { o.Life = -1 }, "negative"},
		{func(o *Options) { o.SameSite = "None" }, "none, lax or strict"},
		{func(o *Options) { o.Keys = nil }, "no key"},
	}
	for i, tt := range tests {
		o := Options{Pool: "app", Keys: keys}
		tt.change(&o)
		_, err := New(o)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%d: %v", i, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%d: got %v, want %q", i, err, tt.want)
		}
	}
}

func TestNames(t *testing.T) {
	a := newAffinity(t, nil)
	b := newAffinity(t, func(o *Options) { o.Cookie = "lb" })
	for got, want := range map[string]string{
		a.CookieName(true): "__Host-sterling-app", a.CookieName(false): "sterling-app",
		b.CookieName(true): "__Host-lb", b.CookieName(false): "lb",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// By the clock of the machine, with the limits that zero stands for: a visitor
// who comes every 20 minutes is kept until 12 hours are over.
func TestABusyVisitorIsKeptForTheWholeLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAffinity(t, nil)
		began := time.Now()
		h := cookies(issue(t, a, "b1", true))
		for {
			time.Sleep(20 * time.Minute)
			pin, verdict := a.Read(h, true)
			if verdict == Expired {
				break
			}
			if verdict != Valid || !a.Due(pin) {
				t.Fatalf("after %v: %v", time.Since(began), verdict)
			}
			answer := http.Header{}
			if err := a.Write(answer, pin, true); err != nil {
				t.Fatal(err)
			}
			cookie, _, _ := strings.Cut(answer.Get("Set-Cookie"), ";")
			h = cookies(cookie)
		}
		if kept := time.Since(began); kept != 12*time.Hour+20*time.Minute {
			t.Errorf("kept for %v", kept)
		}

		h = cookies(issue(t, a, "b1", true))
		time.Sleep(30*time.Minute + time.Second)
		wantVerdict(t, a, h, true, Idle)
	})
}
