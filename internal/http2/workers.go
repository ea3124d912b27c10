package http2

import (
	"sync"
	"time"
)

// task is work for a worker: a request, or output to write.
type task struct {
	s *stream
	c *conn
}

func (t task) do() {
	if t.s != nil {
		t.s.run()
		return
	}
	t.c.write()
}

// Workers that have nothing to do.
const (
	maxIdleWorkers = 512
	workerPatience = 5 * time.Second // they wait for this to twice this long
)

// workers run tasks, each on a goroutine. One that is done waits a while for
// the next task, because a goroutine whose stack has grown is cheaper than a
// new one. The zero value is ready.
type workers struct {
	// workersMu guards the rest.
	workersMu sync.Mutex
	idle      []chan task // of each that waits; the last one waits least
	fewest    int         // of those that waited since the last look
	timer     *time.Timer // nil: nobody looks
	closed    bool
}

// start runs t.
func (w *workers) start(t task) {
	w.workersMu.Lock()
	n := len(w.idle)
	if n == 0 {
		w.workersMu.Unlock()
		go w.work(t)
		return
	}
	ch := w.idle[n-1]
	w.idle[n-1] = nil
	w.idle = w.idle[:n-1]
	w.fewest = min(w.fewest, n-1)
	w.workersMu.Unlock()
	ch <- t
}

func (w *workers) work(t task) {
	var ch chan task
	for ok := true; ok; t, ok = <-ch {
		t.do()
		t = task{}
		if ch == nil {
			ch = make(chan task, 1)
		}
		if !w.wait(ch) {
			return
		}
	}
}

// wait reports whether there may be more to do.
func (w *workers) wait(ch chan task) bool {
	w.workersMu.Lock()
	defer w.workersMu.Unlock()
	if w.closed || len(w.idle) >= maxIdleWorkers {
		return false
	}
	w.idle = append(w.idle, ch)
	if w.timer == nil {
		w.fewest = 0
		w.timer = time.AfterFunc(workerPatience, w.look)
	}
	return true
}

// look ends those that were not needed since the last look.
func (w *workers) look() {
	w.workersMu.Lock()
	defer w.workersMu.Unlock()
	if w.closed {
		return
	}
	n := copy(w.idle, w.dismiss(w.fewest))
	clear(w.idle[n:])
	w.idle = w.idle[:n]
	w.fewest = n
	if n == 0 {
		w.timer = nil
		return
	}
	w.timer.Reset(workerPatience)
}

// dismiss ends the n that wait longest and returns the others.
func (w *workers) dismiss(n int) []chan task {
	for _, ch := range w.idle[:n] {
		close(ch)
	}
	return w.idle[n:]
}

// close ends those that wait, and the others when they are done.
func (w *workers) close() {
	w.workersMu.Lock()
	defer w.workersMu.Unlock()
	w.closed = true
	w.dismiss(len(w.idle))
	w.idle = nil
	if w.timer != nil {
		w.timer.Stop()
	}
}
