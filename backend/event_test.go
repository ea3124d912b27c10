package backend

import (
	"sync"
	"testing"
)

func TestEventsArriveInOrderAndOneAtATime(t *testing.T) {
	var q events
	var got []State
	busy := false
	q.callback = func(e Event) {
		if busy {
			t.Error("two callbacks at a time")
		}
		busy = true
		got = append(got, e.To)
		q.deliver() // a callback may lead to another delivery
		busy = false
	}
	var mu sync.Mutex // as the lock of a backend's health
	var done sync.WaitGroup
	next := State(0)
	for range 8 {
		done.Go(func() {
			for range 100 {
				mu.Lock()
				q.post(Event{To: next})
				next++
				mu.Unlock()
				q.deliver()
			}
		})
	}
	done.Wait()
	if len(got) != 800 {
		t.Fatalf("%d events, want 800", len(got))
	}
	for i, s := range got {
		if s != State(i) {
			t.Fatalf("event %d is number %d", i, s)
		}
	}
}
