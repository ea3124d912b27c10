package session

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAttributes(t *testing.T) {
	tests := []struct {
		sameSite string
		overTLS  bool
		want     string
	}{
		{"", true, "; Path=/; HttpOnly; Secure; SameSite=None"},
		{"none", true, "; Path=/; HttpOnly; Secure; SameSite=None"},
		{"lax", true, "; Path=/; HttpOnly; Secure; SameSite=Lax"},
		{"strict", true, "; Path=/; HttpOnly; Secure; SameSite=Strict"},
		{"", false, "; Path=/; HttpOnly; SameSite=Lax"},
		{"none", false, "; Path=/; HttpOnly; SameSite=Lax"},
		{"lax", false, "; Path=/; HttpOnly; SameSite=Lax"},
		{"strict", false, "; Path=/; HttpOnly; SameSite=Strict"},
	}
	for _, tt := range tests {
		a := newAffinity(t, func(o *Options) { o.SameSite = tt.sameSite })
		h := http.Header{}
		if err := a.Write(h, Pin{Backend: "b1"}, tt.overTLS); err != nil {
			t.Fatal(err)
		}
		line := h.Get("Set-Cookie")
		if i := strings.Index(line, ";"); line[i:] != tt.want {
			t.Errorf("%q over TLS %v: got %q, want %q", tt.sameSite, tt.overTLS, line[i:], tt.want)
		}
		c, err := http.ParseSetCookie(line)
		if err != nil || c.Valid() != nil || c.Name != a.CookieName(tt.overTLS) || c.Quoted {
			t.Errorf("net/http reads %q as %v, %v", line, c, err)
		}
	}
}

// A visitor that is moved twice before the answer gets one cookie, of the
// server that answered.
func TestOneSetCookieForTheWinner(t *testing.T) {
	a := newAffinity(t, nil)
	others := []string{"sid=1; Path=/", "__Host-sterling-apple=2", "x=__Host-sterling-app=3"}
	shared := append(make([]string, 0, 8), others...)
	h := http.Header{"Set-Cookie": shared}
	for _, backend := range []string{"a", "b"} {
		if err := a.Write(h, Pin{Backend: backend}, true); err != nil {
			t.Fatal(err)
		}
	}
	got := h["Set-Cookie"]
	if len(got) != 4 || !slices.Equal(got[:3], others) {
		t.Fatalf("got %q", got)
	}
	cookie, _, _ := strings.Cut(got[3], ";")
	if pin, _ := a.Read(cookies(cookie), true); pin.Backend != "b" {
		t.Errorf("pinned to %q, want b", pin.Backend)
	}
	if shared[:4][3] != "" {
		t.Error("the slice that was passed in was written to")
	}
}

func TestWriteReplacesTheSameNameAsABackendSetIt(t *testing.T) {
	a := newAffinity(t, nil)
	h := http.Header{"Set-Cookie": {" sterling-app = planted; Path=/", "sterling-app", "__Host-sterling-app=x; Path=/"}}
	if err := a.Write(h, Pin{Backend: "b1"}, false); err != nil {
		t.Fatal(err)
	}
	got := h["Set-Cookie"]
	if len(got) != 3 || got[0] != "sterling-app" || got[1] != "__Host-sterling-app=x; Path=/" {
		t.Errorf("got %q", got)
	}
}

func TestBornIsKeptAndNeverAhead(t *testing.T) {
	c := newClock()
	a := newAffinity(t, func(o *Options) { o.Now = c.now })
	for _, tt := range []struct{ born, want time.Time }{
		{time.Time{}, c.now()},
		{c.now().Add(-time.Hour), c.now().Add(-time.Hour)},
		{c.now().Add(time.Hour), c.now()},
	} {
		h := http.Header{}
		if err := a.Write(h, Pin{Backend: "b1", Born: tt.born}, false); err != nil {
			t.Fatal(err)
		}
		cookie, _, _ := strings.Cut(h.Get("Set-Cookie"), ";")
		if pin, _ := a.Read(cookies(cookie), false); !pin.Born.Equal(tt.want) {
			t.Errorf("born %v, want %v", pin.Born, tt.want)
		}
	}
}

func TestWriteErrorsLeaveTheHeader(t *testing.T) {
	a := newAffinity(t, nil)
	for _, backend := range []string{"", strings.Repeat("x", maxName+1)} {
		h := http.Header{}
		if err := a.Write(h, Pin{Backend: backend}, true); err == nil || len(h) != 0 {
			t.Errorf("%d bytes: error %v, header %q", len(backend), err, h)
		}
	}
	longest := newAffinity(t, func(o *Options) { o.Pool, o.Cookie = strings.Repeat("p", maxName), strings.Repeat("c", maxName) })
	if c := issue(t, longest, strings.Repeat("b", maxName), true); len(c) > maxCookieValue {
		t.Errorf("the longest names make a cookie of %d bytes", len(c))
	}
}

func TestWriteGuardsACacheableAnswer(t *testing.T) {
	a := newAffinity(t, nil)
	for before, want := range map[string]string{"public, max-age=60": cacheGuard + ", public, max-age=60", "private": "private"} {
		h := http.Header{"Cache-Control": {before}}
		if err := a.Write(h, Pin{Backend: "b1"}, true); err != nil {
			t.Fatal(err)
		}
		if got := h.Get("Cache-Control"); got != want {
			t.Errorf("%q became %q, want %q", before, got, want)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	a := newAffinity(b, nil)
	b.ReportAllocs()
	for b.Loop() {
		h := http.Header{}
		if err := a.Write(h, Pin{Backend: "b1"}, true); err != nil {
			b.Fatal(err)
		}
	}
}
