package session

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"
)

// remembers reports whether the keys of a remember the value of a cookie.
func remembers(a *Affinity, cookie string) bool {
	_, v, _ := strings.Cut(cookie, "=")
	known, _ := a.keys.content().verified.find(v)
	return known != nil
}

// occupied counts what the keys of a remember.
func occupied(a *Affinity) (n int) {
	m := a.keys.content().verified
	for i := range m.slots {
		if m.slots[i].Load() != nil {
			n++
		}
	}
	return n
}

func TestReadingARememberedCookieCostsNoAllocation(t *testing.T) {
	a := newAffinity(t, nil)
	h := cookies("theme=dark; " + issue(t, a, "b1", true) + "; lang=en")
	wantVerdict(t, a, h, true, Valid)
	now := time.Now()
	if n := testing.AllocsPerRun(100, func() {
		if _, verdict := a.ReadAt(now, h, true); verdict != Valid {
			t.Fatal(verdict)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestARememberedCookieKeepsItsPin(t *testing.T) {
	c := newClock()
	a := newAffinity(t, func(o *Options) { o.Now = c.now })
	h := cookies(issue(t, a, "b1", true))
	first, _ := a.Read(h, true)
	if !remembers(a, h["Cookie"][0]) {
		t.Fatal("a valid value is not remembered")
	}
	if again, verdict := a.Read(h, true); verdict != Valid || again != first || again.Backend != "b1" {
		t.Errorf("got %v %+v, the first time %+v", verdict, again, first)
	}
	if a.Due(first) || !a.DueAt(c.now().Add(3*time.Minute), first) {
		t.Error("due at the wrong time")
	}
}

func TestLimitsHoldForRememberedCookies(t *testing.T) {
	c := newClock()
	keys := must(firstKeys())(t)
	options := func(o *Options) { o.Keys, o.Now, o.Idle, o.Life = keys, c.now, time.Hour, 90*time.Minute }
	a := newAffinity(t, options)
	strict := newAffinity(t, func(o *Options) { options(o); o.Life = time.Minute })
	other := newAffinity(t, func(o *Options) { options(o); o.Pool, o.Cookie = "other", "sterling-app" })
	idle := cookies(issue(t, a, "b1", true))
	wantVerdict(t, a, idle, true, Valid)
	wantVerdict(t, other, idle, true, Foreign)
	c.advance(time.Hour)
	wantVerdict(t, a, idle, true, Valid)
	wantVerdict(t, strict, idle, true, Expired)
	c.advance(time.Millisecond)
	wantVerdict(t, a, idle, true, Idle)
	c.advance(time.Hour)
	wantVerdict(t, a, idle, true, Expired)
}

func TestWhatOldKeysVerifiedIsForgotten(t *testing.T) {
	old := must(firstKeys())(t)
	rotated := must(old.Rotate(0))(t)
	with := func(k *Keys) *Affinity { return newAffinity(t, func(o *Options) { o.Keys = k }) }
	before, after := with(old), with(rotated)
	h := cookies(issue(t, before, "b1", true))
	for range 2 {
		wantVerdict(t, before, h, true, Valid)
		wantVerdict(t, after, h, true, Valid)
	}
	if pin, _ := after.Read(h, true); !after.Due(pin) {
		t.Error("a remembered cookie of the old key is not due")
	}
	if pin, _ := before.Read(h, true); before.Due(pin) {
		t.Error("due before the rotation")
	}
	wantVerdict(t, with(must(rotated.Drop(old.IDs()[0]))(t)), h, true, UnknownKey)
	wantVerdict(t, with(otherSecret(t, old)), h, true, Forged)
}

func TestOnlyWhatVerifiedIsRemembered(t *testing.T) {
	c := newClock()
	a := newAffinity(t, func(o *Options) { o.Now = c.now })
	forger := newAffinity(t, func(o *Options) { o.Keys, o.Now = otherSecret(t, a.keys), c.now })
	for i := range 500 {
		wantVerdict(t, a, cookies(issue(t, forger, fmt.Sprint(i), true)), true, Forged)
	}
	stale := cookies(issue(t, a, "b1", true))
	c.advance(time.Hour)
	wantVerdict(t, a, stale, true, Idle)
	wantVerdict(t, a, cookies("__Host-sterling-app=a.b; __Host-sterling-app="+strings.Repeat("x", 5000)), true, UnknownKey)
	if n := occupied(a); n != 0 {
		t.Errorf("%d of them are remembered", n)
	}
}

func TestWhatIsRememberedIsBoundedAndOurs(t *testing.T) {
	a := newAffinity(t, func(o *Options) { o.Pool, o.Cookie = strings.Repeat("p", maxName), "c" })
	long := issue(t, a, strings.Repeat("b", maxName), false)
	wantVerdict(t, a, cookies(long), false, Valid)
	if len(long) <= maxRemembered || remembers(a, long) {
		t.Errorf("a value of %d bytes is remembered", len(long))
	}
	b := newAffinity(t, nil)
	short := issue(t, b, "b1", false)
	wantVerdict(t, b, cookies(short), false, Valid)
	_, v, _ := strings.Cut(short, "=")
	known, _ := b.keys.content().verified.find(v)
	if known == nil {
		t.Fatal("an ordinary value is not remembered")
	}
	if unsafe.StringData(known.sealed) == unsafe.StringData(v) {
		t.Error("the request's own bytes are kept")
	}
}

func TestValuesOfOneSlotTakeTurns(t *testing.T) {
	m := newVerified()
	m.keep(remembered{hash: 7, sealed: "first"})
	m.keep(remembered{hash: 7 + verifiedSlots, sealed: "second"})
	if got := m.slots[7].Load(); got.sealed != "second" {
		t.Errorf("%q is kept", got.sealed)
	}
	// Another value with the same hash is not taken for the one kept.
	_, hash := m.find("mine")
	m.keep(remembered{hash: hash, sealed: "not mine"})
	if known, _ := m.find("mine"); known != nil {
		t.Errorf("%q was found", known.sealed)
	}
}

func TestManyReadAtOnce(t *testing.T) {
	a := newAffinity(t, nil)
	const visitors = 50
	var lines [visitors]string
	for i := range lines {
		lines[i] = issue(t, a, fmt.Sprint("b", i), true)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 4 * visitors {
				n := i % visitors
				if pin, verdict := a.Read(cookies(lines[n]), true); verdict != Valid || pin.Backend != fmt.Sprint("b", n) {
					t.Errorf("visitor %d: %v %q", n, verdict, pin.Backend)
				}
			}
		})
	}
	wg.Wait()
}
