package backend

import "sync"

// waiting is the attempts at one backend that may be moved elsewhere as long
// as no byte of an answer was seen. The attempts themselves are the links.
type waiting struct {
	mu    sync.Mutex // guards first, and prev, next and listed of each attempt
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
	a.listed = true
}

func (w *waiting) remove(a *attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !a.listed {
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
	a.next, a.prev, a.listed = nil, nil, false
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
