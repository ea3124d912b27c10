package proxy

import (
	"testing"
	"testing/synctest"
)

func TestDescriptorsAreKeptBackFromClientsFirst(t *testing.T) {
	for limit, want := range map[int64][2]int64{0: {0, 0}, 100: {45, 50}, 256: {172, 192}, 1024: {819, 921}, 1 << 20: {838860, 943718}} {
		if d := newDescriptors(limit); d.clients.mark != want[0] || d.backends.mark != want[1] {
			t.Errorf("of %d: %d and %d, want %v", limit, d.clients.mark, d.backends.mark, want)
		}
	}
	d := newDescriptors(100)
	for range 45 {
		if !d.clients.Take() {
			t.Fatal("below the mark for clients")
		}
	}
	if d.clients.Take() {
		t.Error("a client was let in beyond the mark")
	}
	for range 5 {
		if !d.backends.Take() {
			t.Fatal("what is above the mark for clients is for backends")
		}
	}
	if d.backends.Take() {
		t.Error("a backend was let in beyond the mark")
	}
	d.clients.Give()
	if !d.backends.Take() {
		t.Error("the budget is one")
	}
	if n := d.open(); n != 50 {
		t.Errorf("%d are open", n)
	}
}

func TestIdleConnectionsAreGivenUpForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDescriptors(100)
		looked, idle := 0, 1
		d.giveUpIdle = func() bool {
			looked++
			if idle == 0 {
				return false
			}
			idle--
			d.backends.Give()
			return true
		}
		for range 45 {
			d.backends.Take()
		}
		if !d.clients.Take() {
			t.Error("the idle one was not given up")
		}
		for range 5 {
			if d.clients.Take() {
				t.Error("there was none to give up")
			}
		}
		if looked != 2 {
			t.Errorf("looked %d times, and not seldom while there is none", looked)
		}
		d.backends.Give()
		if !d.clients.Take() {
			t.Error("what was given back cannot be taken")
		}
	})
}
