package backend

import (
	"testing"
	"time"
)

// finds tells k of connections found closed, a minute apart.
func finds(k *idleClose, ages ...time.Duration) {
	at := time.Now()
	for _, age := range ages {
		at = at.Add(time.Minute)
		k.closed(at, age)
	}
}

func TestIdleCloseIsLearnedFromFindsThatAgree(t *testing.T) {
	for _, tt := range []struct {
		name string
		ages []time.Duration
		want time.Duration
	}{
		{"too few", []time.Duration{5 * time.Second, 5 * time.Second}, 0},
		{"agreeing", []time.Duration{5500 * time.Millisecond, 5 * time.Second, 6 * time.Second}, 5 * time.Second},
		{"far apart", []time.Duration{5 * time.Second, 20 * time.Second, time.Second}, 0},
		{"a restart among them", []time.Duration{5 * time.Second, 5 * time.Second, 100 * time.Millisecond}, 0},
		{"after the restart", []time.Duration{100 * time.Millisecond, 15 * time.Second, 15 * time.Second, 15 * time.Second}, 15 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var told time.Duration
			k := idleClose{learned: func(d time.Duration) { told = d }}
			finds(&k, tt.ages...)
			if k.known() != tt.want || told != tt.want {
				t.Errorf("learned %v, told %v, want %v", k.known(), told, tt.want)
			}
		})
	}
}

func TestIdleCloseTakesClosesOfOneMomentForOne(t *testing.T) {
	k := idleClose{learned: func(time.Duration) {}}
	now := time.Now()
	for range 10 {
		k.closed(now, 5*time.Second)
	}
	if k.known() != 0 {
		t.Errorf("learned %v from a server that has stopped", k.known())
	}
}

func TestIdleCloseIsForgotten(t *testing.T) {
	k := idleClose{learned: func(time.Duration) {}}
	finds(&k, 5*time.Second, 5*time.Second, 5*time.Second)
	k.forget(time.Now())
	if k.known() == 0 {
		t.Fatal("forgotten at once")
	}
	if k.forget(time.Now().Add(time.Hour)); k.known() != 0 {
		t.Error("never forgotten")
	}
}

func TestIdleCloseBelievesTheHeader(t *testing.T) {
	told := 0
	k := idleClose{learned: func(time.Duration) { told++ }}
	k.announce(5 * time.Second)
	k.announce(5 * time.Second)
	finds(&k, time.Second, time.Second, time.Second)
	if k.forget(time.Now().Add(time.Hour)); k.known() != 5*time.Second || told != 1 {
		t.Errorf("known %v, told %d times; want what the header said, once", k.known(), told)
	}
}

func TestConnectionsAreRetiredBeforeTheirEnd(t *testing.T) {
	for after, want := range map[time.Duration]time.Duration{
		0:                0,
		time.Second:      500 * time.Millisecond,
		2 * time.Second:  time.Second,
		5 * time.Second:  4 * time.Second,
		15 * time.Second: 12 * time.Second,
	} {
		var k idleClose
		k.after.Store(int64(after))
		if got := k.retireAt(); got != want {
			t.Errorf("retired at %v of %v, want %v", got, after, want)
		}
	}
}
