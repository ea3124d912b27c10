package session

import (
	"slices"
	"testing"
)

// FuzzCookieIn holds the search for one cookie against a reader that takes
// the line apart.
func FuzzCookieIn(f *testing.F) {
	for _, line := range []string{
		"", "a=1", " a = 1 ;a=2;\ta\t=\t3 ", "aa=1; a=2", "aaa=1;aa=2", "a; a=1; =a; b=a; b=a=1", "a==1;;a=;a", "xa=1; ax=2; a x=3; x a=4; a=5", "a=\"1; a=2\"",
	} {
		f.Add(line, "a")
		f.Add(line, "aa")
	}
	f.Fuzz(func(t *testing.T, line, name string) {
		if name == "" || checkCookieName(name) != nil {
			return
		}
		var want, got []string
		for segment := range segments(line) {
			if n, v := pair(segment); n == name {
				want = append(want, v)
			}
		}
		for v, next := cookieIn(line, name, 0); next >= 0; v, next = cookieIn(line, name, next) {
			got = append(got, v)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q: got %q, want %q", line, got, want)
		}
	})
}
