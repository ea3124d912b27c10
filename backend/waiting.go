package backend

import "sync"

// waiting is the attempts at one backend that may be moved elsewhere as long
// as no byte of an answer was seen. The attempts themselves are the links.
type waiting struct {
	mu    sync.Mutex // guards first, and prev and next of each attempt
	first *attempt
}

func (w *waiting) add(a *attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a.next = w.first
	if w.first != nil {
		w.first.prev = a
	}
	w.first = a
	a.listed.Store(true)
}

// remove returns when nobody reaches a through the list any more.
func (w *waiting) remove(a *attempt) {
	if !a.listed.Load() {
		return // most never are in it
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !a.listed.Swap(false) {
		return
	}
	if a.prev != nil {
		a.prev.next = a.next
	} else {
		w.first = a.next
	}
	if a.next != nil {
		a.next.prev = a.prev
	}
	a.next, a.prev = nil, nil
}

// moveAll interrupts every attempt in the list that may still be sent again.
func (w *waiting) moveAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for a := w.first; a != nil; a = a.next {
		if a.replayable() {
			a.interrupt(errMoved)
		}
	}
}
