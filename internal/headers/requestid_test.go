package headers

import (
	"regexp"
	"strings"
	"sync"
	"testing"
)

func TestRequestIDsAreUnique(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{32}$`)
	var seen sync.Map
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 2000 {
				id := NewRequestID()
				if !form.MatchString(id) {
					t.Errorf("%q", id)
				}
				if _, twice := seen.LoadOrStore(id, true); twice {
					t.Errorf("%q came twice", id)
				}
			}
		})
	}
	wg.Wait()
}

func TestSaneRequestIDs(t *testing.T) {
	for _, s := range []string{"a", "01J-x:y/z", `"quoted"`, strings.Repeat("x", 128)} {
		if !saneRequestID(s) {
			t.Errorf("%q is refused", s)
		}
	}
	for _, s := range []string{"", "a b", "a\tb", "a\r\nb", "\u00e9", "\x7f", strings.Repeat("x", 129)} {
		if saneRequestID(s) {
			t.Errorf("%q is taken", s)
		}
	}
}

func TestRequestIDCostsOneAllocation(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { NewRequestID() }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkNewRequestID(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		NewRequestID()
	}
}
