package session

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
)

func TestGuardCache(t *testing.T) {
	tests := []struct{ before, after []string }{
		{nil, []string{cacheGuard}},
		{[]string{""}, []string{cacheGuard}},
		{[]string{"public, max-age=60"}, []string{cacheGuard + ", public, max-age=60"}},
		{[]string{"max-age=60", "public"}, []string{cacheGuard + ", max-age=60", "public"}},
		{[]string{"max-age=60", "Private"}, nil},
		{[]string{"no-store"}, nil},
		{[]string{"max-age=0 ,\tNo-Cache"}, nil},
		{[]string{`no-cache="set-cookie"`}, nil},
		{[]string{`private="x-a, Set-Cookie"`}, nil},
		{[]string{"no-cache=Set-Cookie"}, nil},
		{[]string{`private="x-a"`}, []string{cacheGuard + `, private="x-a"`}},
		{[]string{`ext="a, no-store, b"`}, []string{cacheGuard + `, ext="a, no-store, b"`}},
		{[]string{`ext="a\", no-store`}, []string{cacheGuard + `, ext="a\", no-store`}},
		{[]string{"x-no-store"}, []string{cacheGuard + ", x-no-store"}},
	}
	for _, tt := range tests {
		h := http.Header{}
		if tt.before != nil {
			h["Cache-Control"] = tt.before
		}
		before := h.Clone()
		guardCache(h)
		want := tt.after
		if want == nil {
			want = before["Cache-Control"]
		}
		if got := h["Cache-Control"]; !reflect.DeepEqual(got, want) {
			t.Errorf("%q became %q, want %q", tt.before, got, want)
		}
		if tt.before != nil && !reflect.DeepEqual(tt.before, before["Cache-Control"]) {
			t.Errorf("%q was changed in place", before)
		}
	}
}

func FuzzGuardCache(f *testing.F) {
	for _, seed := range []string{"", "public", "no-store", `a="b`, `a="\`, ",,,", `private="set-cookie"`, "no-cache"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		h := http.Header{"Cache-Control": {line}}
		guardCache(h)
		got := h["Cache-Control"]
		if len(got) != 1 || !forbidsReuse(got[0]) {
			t.Fatalf("%q became %q, which a cache may keep", line, got)
		}
		if strings.Trim(line, blank) != "" && !strings.HasSuffix(got[0], line) {
			t.Fatalf("%q became %q", line, got)
		}
		guardCache(h)
		if !reflect.DeepEqual(h["Cache-Control"], got) {
			t.Fatalf("guarded twice: %q", h)
		}
	})
}
