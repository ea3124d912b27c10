package session

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// clock is a clock that moves when told to.
type clock struct{ t time.Time }

func newClock() *clock { return &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time          { return c.t }
func (c *clock) advance(d time.Duration) { c.t = c.t.Add(d) }

// must returns v, or ends the test.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// newAffinity makes the affinity of pool app; change alters its options.
func newAffinity(t testing.TB, change func(*Options)) *Affinity {
	t.Helper()
	o := Options{Pool: "app"}
	if change != nil {
		change(&o)
	}
	if o.Keys == nil {
		o.Keys = must(firstKeys())(t)
	}
	return must(New(o))(t)
}

// issue writes a cookie for backend and returns "name=value".
func issue(t testing.TB, a *Affinity, backend string, overTLS bool) string {
	t.Helper()
	h := http.Header{}
	if err := a.Write(h, Pin{Backend: backend}, overTLS); err != nil {
		t.Fatal(err)
	}
	if n := len(h["Set-Cookie"]); n != 1 {
		t.Fatalf("%d Set-Cookie lines, want 1", n)
	}
	cookie, _, _ := strings.Cut(h["Set-Cookie"][0], ";")
	return cookie
}

func cookies(lines ...string) http.Header { return http.Header{"Cookie": lines} }

// wantVerdict reads and compares; a verdict other than Valid must come without a pin.
func wantVerdict(t *testing.T, a *Affinity, h http.Header, overTLS bool, want Verdict) {
	t.Helper()
	pin, got := a.Read(h, overTLS)
	if got != want {
		t.Errorf("verdict %v, want %v", got, want)
	}
	if got != Valid && pin != (Pin{}) {
		t.Errorf("a pin to %q with verdict %v", pin.Backend, got)
	}
}
