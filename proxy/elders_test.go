package proxy

import (
	"testing"
	"testing/synctest"
	"time"
)

// Visitors whom an old process has served last are known to nobody once it has
// ended.
func TestVisitorsOfOldProcessesAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newElders(nil, nil)
		if e.served(time.Hour) {
			t.Error("without an old process there is nobody to wait for")
		}
		e.all = []*elder{{}}
		if !e.served(time.Hour) {
			t.Error("it still serves")
		}
		e.all, e.lastGone = nil, time.Now()
		time.Sleep(time.Hour - 1)
		if !e.served(time.Hour) {
			t.Error("somebody may come back until an hour is over")
		}
		time.Sleep(time.Nanosecond)
		if e.served(time.Hour) {
			t.Error("everybody is idle by now")
		}
	})
}

func TestNothingIsSettledUntilAnOldProcessHasFollowed(t *testing.T) {
	at := place{"app", "b1"}
	e := newElders(nil, nil)
	o := &elder{wake: make(chan struct{}, 1), serial: 7, loads: map[place]load{at: {InFlight: 2, Tunnels: 1}}}
	e.all = []*elder{o}
	e.serial.Store(7)
	if n, tunnels, settled := e.at(at); n != 2 || tunnels != 1 || !settled {
		t.Errorf("got %d, %d, %v", n, tunnels, settled)
	}
	e.ordered()
	if _, _, settled := e.at(place{"app", "b2"}); settled || len(o.wake) != 1 {
		t.Errorf("settled %v, woken %d", settled, len(o.wake))
	}
}
