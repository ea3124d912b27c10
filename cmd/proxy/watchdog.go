package main

import (
	"sync"
	"time"
)

// watch tells the service manager that this process is alive, as often as it
// asked for: each time the main loop has taken a turn and the door has told its
// state. When either hangs, nothing is told, and the service manager acts.
type watch struct {
	done chan struct{}
	loop sync.WaitGroup
	once sync.Once
}

// watch begins to tell, if the service manager wants to be told.
func (p *process) watch() *watch {
	w := &watch{done: make(chan struct{})}
	every := p.service.Watchdog() / 2
	if every <= 0 {
		return w
	}
	w.loop.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-w.done:
				return
			case <-tick.C:
			}
			select {
			case <-w.done:
				return
			case p.beats <- struct{}{}:
			}
			_ = p.door.Status() // takes every lock that a request takes
			p.tell(p.service.Alive())
		}
	})
	return w
}

// signOfLife tells it once, around a hand-over: neither process's turn may come
// while one is waiting for the other.
func (p *process) signOfLife() {
	if p.service.Watchdog() > 0 {
		p.tell(p.service.Alive())
	}
}

// Close ends it, and waits.
func (w *watch) Close() {
	if w == nil {
		return
	}
	w.once.Do(func() { close(w.done) })
	w.loop.Wait()
}
