package backend

import (
	"testing"
	"testing/synctest"
	"time"
)

// spend takes retries until none is left, and returns how many it got.
func spend(b *budget) int {
	n := 0
	for b.allow() {
		n++
	}
	return n
}

func TestBudgetBoundsRetriesToAFifthOfTheRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget()
		floor := spend(b)
		if floor != 30 {
			t.Fatalf("a new pool allows %d retries, want 30", floor)
		}
		retries := 0
		for range 10000 {
			b.request()
			if b.allow() {
				retries++
			}
		}
		if retries != 2000 {
			t.Errorf("%d retries for 10,000 requests in no time, want 2,000", retries)
		}
	})
}

func TestBudgetPaysInThreeASecondAndKeepsTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget()
		spend(b)
		time.Sleep(2 * time.Second)
		if got := spend(b); got != 6 {
			t.Errorf("%d retries after 2s, want 6", got)
		}
		time.Sleep(time.Hour)
		if got := spend(b); got < 27 || got > 30 {
			t.Errorf("%d retries after an hour, want 10s' worth, 27 to 30", got)
		}
	})
}

func TestBudgetForgetsRequestsAfterTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget()
		for range 600 { // ten minutes at 100 a second, unobserved
			for range 100 {
				b.request()
			}
			time.Sleep(time.Second)
		}
		// Ten seconds' worth is 10 × (0.2 × 100 + 3) = 230.
		if got := spend(b); got < 207 || got > 230 {
			t.Errorf("%d retries after a long time without any, want 10s' worth", got)
		}
		for range 100 {
			b.request()
		}
		if b.allow(); !b.allow() {
			t.Error("no retry after further requests")
		}
		time.Sleep(11 * time.Second)
		if got := spend(b); got < 27 || got > 30 {
			t.Errorf("%d retries after 11s of silence: old requests still count", got)
		}
	})
}
