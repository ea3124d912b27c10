package headers

import (
	"slices"
	"testing"
)

func TestElements(t *testing.T) {
	got := slices.Collect(elements([]string{"a, b\t,,", "", " c", ","}))
	if !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("%q", got)
	}
	for range elements([]string{"a,b"}) {
		break // must not panic
	}
}

func TestTokensAreComparedWhole(t *testing.T) {
	for _, c := range []struct {
		line string
		want bool
	}{
		{"upgrade", true}, {"keep-alive, UPGRADE", true}, {"not-upgrade", false}, {"upgrade2", false}, {"upgrade x", false}, {"", false},
	} {
		if got := hasToken([]string{c.line}, "upgrade"); got != c.want {
			t.Errorf("%q: %v", c.line, got)
		}
	}
}
