package accesslog

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestReporterSpeaksOnceASecondAndLosesNoCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		r := reporter{report: func(err error) { got = append(got, err.Error()) }}
		broken := errors.New("broken")
		for n := range 30 { // three seconds
			r.failed(broken)
			r.drops(uint64(n) * 2)
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(100 * time.Millisecond)
		r.drops(60)
		want := []string{
			"broken", "access log: 2 lines dropped",
			"broken", "access log: 20 lines dropped",
			"broken", "access log: 20 lines dropped",
			"access log: 18 lines dropped",
		}
		if len(got) != len(want) {
			t.Fatalf("got %q", got)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("event %d: %q, want %q", i, got[i], want[i])
			}
		}
	})
}
