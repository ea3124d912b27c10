package prove

import (
	"os/exec"
	"runtime"
	"sync"
)

// spawner starts processes on a thread of its own: on Linux a child is told to
// die with the thread that started it.
type spawner struct {
	starts chan func()
	done   sync.WaitGroup
}

func newSpawner() *spawner {
	s := &spawner{starts: make(chan func())}
	s.done.Go(func() {
		runtime.LockOSThread()
		for start := range s.starts {
			start()
		}
	})
	return s
}

func (s *spawner) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = childAttr()
	result := make(chan error, 1)
	s.starts <- func() { result <- cmd.Start() }
	return <-result
}

// close waits for the thread; what it started must have ended.
func (s *spawner) close() {
	close(s.starts)
	s.done.Wait()
}
