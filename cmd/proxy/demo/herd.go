package demo

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
)

var names = []string{"ada", "boole", "curie"}

// herd is the three servers.
type herd struct {
	children []*child
	starts   chan func()
	starting sync.WaitGroup
}

func newHerd(o Options, token string) *herd {
	h := &herd{starts: make(chan func())}
	for _, name := range names {
		h.children = append(h.children, &child{name: name, opts: o, token: token, spawn: h.spawn})
	}
	h.starting.Go(h.starter)
	return h
}

// starter starts every child, on a thread of its own: on Linux a child is told
// to die with the thread that started it.
func (h *herd) starter() {
	runtime.LockOSThread()
	for start := range h.starts {
		start()
	}
}

// spawn runs start on the starter's thread.
func (h *herd) spawn(start func() error) error {
	done := make(chan error, 1)
	h.starts <- func() { done <- start() }
	return <-done
}

func (h *herd) startAll() error {
	var errs []error
	for _, c := range h.children {
		errs = append(errs, c.start())
	}
	return errors.Join(errs...)
}

// do acts on one server as a person would with kill(1).
func (h *herd) do(name, action string) error {
	for _, c := range h.children {
		if c.name == name {
			return c.do(action)
		}
	}
	return fmt.Errorf("there is no server %q", name)
}

// close ends all children and waits for them.
func (h *herd) close() {
	for _, c := range h.children {
		c.end()
	}
	close(h.starts)
	h.starting.Wait()
}
