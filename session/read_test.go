package session

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestReadReturnsWhatWriteWrote(t *testing.T) {
	for _, overTLS := range []bool{true, false} {
		c := newClock()
		a := newAffinity(t, func(o *Options) { o.Now = c.now })
		born := c.now().Add(-90 * time.Minute)
		h := http.Header{}
		if err := a.Write(h, Pin{Backend: "b2", Born: born}, overTLS); err != nil {
			t.Fatal(err)
		}
		cookie, _, _ := strings.Cut(h.Get("Set-Cookie"), ";")
		pin, verdict := a.Read(cookies("theme=dark; "+cookie+"; lang=en"), overTLS)
		if verdict != Valid || pin.Backend != "b2" || !pin.Born.Equal(born) || !pin.Seen.Equal(c.now()) {
			t.Errorf("over TLS %v: got %v %+v", overTLS, verdict, pin)
		}
	}
}

func TestAbsent(t *testing.T) {
	a := newAffinity(t, nil)
	for _, h := range []http.Header{nil, {}, cookies(""), cookies("a=b"), cookies("sterling-apple=x"), cookies("x=sterling-app"), cookies("sterling-app")} {
		wantVerdict(t, a, h, false, Absent)
	}
}

// Every other character and every flipped bit at every place of a valid

// cookie's value must give a fresh assignment.

// securecookie takes several spellings of the last character before the

// padding; without the comparison of open this test fails.

func TestAValueOfAnotherPoolIsForeign(t *testing.T) {
	keys := must(firstKeys())(t)
	a := newAffinity(t, func(o *Options) { o.Keys, o.Pool = keys, "a" })
	b := newAffinity(t, func(o *Options) { o.Keys, o.Pool = keys, "b" })
	same := newAffinity(t, func(o *Options) { o.Keys, o.Pool, o.Cookie = keys, "b", "sterling-a" })
	cookie := issue(t, a, "b1", true)
	_, value, _ := strings.Cut(cookie, "=")
	wantVerdict(t, b, cookies(b.CookieName(true)+"="+value), true, Foreign)
	wantVerdict(t, same, cookies(cookie), true, Foreign)
}

func TestOverTLSOnlyTheHostNameCounts(t *testing.T) {
	a := newAffinity(t, nil)
	_, value, _ := strings.Cut(issue(t, a, "b1", true), "=")
	// What a sub-domain or a plain connection can plant is the bare name.
	wantVerdict(t, a, cookies("sterling-app="+value), true, Absent)
	wantVerdict(t, a, cookies("__Host-sterling-app="+value), false, Absent)
	wantVerdict(t, a, cookies("sterling-app="+value), false, Valid)
	wantVerdict(t, a, cookies("__host-sterling-app="+value), true, Absent)
}

func TestTheFirstValueThatVerifiesWins(t *testing.T) {
	c := newClock()
	a := newAffinity(t, func(o *Options) { o.Now = c.now })
	stale := issue(t, a, "b0", false)
	c.advance(time.Hour)
	first, second := issue(t, a, "b1", false), issue(t, a, "b2", false)
	for _, h := range []http.Header{
		cookies("sterling-app=bad; " + first),
		cookies("sterling-app=bad", "x=y; "+first+"; "+second),
		cookies(stale + ";" + first),
		cookies(" ;;  sterling-app = bad ; ; " + first + "\t;" + second),
		cookies("sterling-app=" + strings.Repeat("x", 5000) + "; " + first),
	} {
		if pin, verdict := a.Read(h, false); verdict != Valid || pin.Backend != "b1" {
			t.Errorf("%q: got %v %q", h, verdict, pin.Backend)
		}
	}
	wantVerdict(t, a, cookies(stale+"; sterling-app=bad"), false, Idle)
}

func TestAtMostEightCandidatesAreTried(t *testing.T) {
	a := newAffinity(t, nil)
	good := issue(t, a, "b1", false)
	bad := "sterling-app=a.b; other=1; "
	wantVerdict(t, a, cookies(strings.Repeat(bad, 7)+good), false, Valid)
	wantVerdict(t, a, cookies(strings.Repeat(bad, 4), strings.Repeat(bad, 4)+good), false, UnknownKey)
}

func TestALongValueIsNotVerified(t *testing.T) {
	a := newAffinity(t, nil)
	id := a.keys.IDs()[0]
	wantVerdict(t, a, cookies("sterling-app="+id+"."+strings.Repeat("A", maxCookieValue)), false, Oversized)
	wantVerdict(t, a, cookies("sterling-app="+id+"."+strings.Repeat("A", 4000)), false, Forged)
}

func TestLimits(t *testing.T) {
	const idle, life = 10 * time.Minute, time.Hour
	tests := []struct {
		name       string
		born, seen time.Duration // ago
		want       Verdict
		due        bool
	}{
		{"fresh", 0, 0, Valid, false},
		{"before a tenth of idle", time.Minute - time.Millisecond, time.Minute - time.Millisecond, Valid, false},
		{"a tenth of idle", time.Minute, time.Minute, Valid, true},
		{"at the idle limit", idle, idle, Valid, true},
		{"past the idle limit", idle + time.Millisecond, idle + time.Millisecond, Idle, false},
		{"busy to the end of life", life, 0, Valid, false},
		{"past the end of life, busy", life + time.Millisecond, 0, Expired, false},
		{"past both", 2 * life, 2 * life, Expired, false},
		{"a clock slightly ahead", -30 * time.Second, -30 * time.Second, Valid, false},
		{"a clock far ahead", -time.Hour, -time.Hour, Valid, true},
	}
	for _, tt := range tests {
		c := newClock()
		a := newAffinity(t, func(o *Options) { o.Idle, o.Life, o.Now = idle, life, c.now })
		key := a.keys.signer()
		sealed := must(key.codec.seal(value{"app", "b1", c.now().Add(-tt.born).UnixMilli(), c.now().Add(-tt.seen).UnixMilli(), 1}))(t)
		pin, verdict := a.Read(cookies("sterling-app="+key.id+"."+sealed), false)
		if verdict != tt.want {
			t.Errorf("%s: verdict %v, want %v", tt.name, verdict, tt.want)
		}
		if verdict == Valid && a.Due(pin) != tt.due {
			t.Errorf("%s: due %v, want %v", tt.name, !tt.due, tt.due)
		}
	}
}

// The library would refuse a cookie after 30 days; only our own limits may.

func TestReadChangesNothing(t *testing.T) {
	a := newAffinity(t, nil)
	h := cookies("sterling-app=bad; a=b", issue(t, a, "b1", false))
	before := h.Clone()
	a.Read(h, false)
	a.Read(h, true)
	if !reflect.DeepEqual(h, before) {
		t.Errorf("Read left %q of %q", h, before)
	}
}

func TestConcurrentUse(t *testing.T) {
	a := newAffinity(t, nil)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			backend := fmt.Sprint("b", i)
			for range 50 {
				h := http.Header{}
				if err := a.Write(h, Pin{Backend: backend}, true); err != nil {
					t.Error(err)
					return
				}
				cookie, _, _ := strings.Cut(h.Get("Set-Cookie"), ";")
				if pin, _ := a.Read(cookies(cookie), true); pin.Backend != backend {
					t.Errorf("got %q, want %q", pin.Backend, backend)
				}
			}
		})
	}
	wg.Wait()
	if n := a.Counts().Of(Valid); n != 400 {
		t.Errorf("%d valid, want 400", n)
	}
}

func FuzzRead(f *testing.F) {
	keys := must(firstKeys())(f)
	a := newAffinity(f, func(o *Options) { o.Keys, o.Life, o.Idle = keys, 1<<62, 1<<62 })
	genuine := issue(f, a, "b1", true)
	id := keys.IDs()[0]
	for _, seed := range []string{
		"", ";", "=", "a=b", genuine, "x=1; " + genuine + ";", genuine[:len(genuine)-1], genuine + "=",
		"__Host-sterling-app=" + id + ".", "__Host-sterling-app=" + id + ".AAAA", "__Host-sterling-app=.;__Host-sterling-app",
		"__Host-sterling-app=" + id + "." + base64.URLEncoding.EncodeToString([]byte("1|AAAA|mac")),
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, line string, overTLS bool) {
		pin, verdict := a.Read(cookies(line), overTLS)
		if verdict != Valid {
			if pin != (Pin{}) {
				t.Fatalf("%v with a pin", verdict)
			}
			return
		}
		_, value, _ := strings.Cut(genuine, "=")
		if !strings.Contains(line, value) || pin.Backend != "b1" {
			t.Fatalf("%q was taken for genuine", line)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	a := newAffinity(b, nil)
	for name, h := range map[string]http.Header{
		"returning": cookies("theme=dark; " + issue(b, a, "b1", true) + "; lang=en"),
		"absent":    cookies("theme=dark; lang=en"),
		"forged":    cookies(strings.Repeat(issue(b, newAffinity(b, func(o *Options) { o.Keys = otherSecret(b, a.keys) }), "b1", true)+"; ", 20)),
	} {
		b.Run(name, func(b *testing.B) {
			now := time.Now()
			b.ReportAllocs()
			for b.Loop() {
				a.ReadAt(now, h, true)
			}
		})
	}
}

// otherSecret returns Keys with the same id and another secret.

func otherSecret(t testing.TB, k *Keys) *Keys {
	t.Helper()
	other := must(newKey(k.IDs()[0], []byte(strings.Repeat("x", minSecret))))(t)
	return keysOf(&ring{keys: []key{other}})
}
