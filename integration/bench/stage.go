package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// stage holds the processes that are running, so that none is left behind.
type stage struct {
	mu      sync.Mutex
	running map[*process]bool
}

// process is one program that the bench started, with whatever it starts.
type process struct {
	stage  *stage
	cmd    *exec.Cmd
	output *os.File
	done   chan struct{} // closed when it has been waited for
	err    error
}

// program is what to start.
type program struct {
	argv  []string
	env   []string // besides the environment of the bench
	dir   string   // working folder; its output goes to argv[0].out there
	cores []int    // none: all
	// stdout is a file that is opened for appending; "": as standard error.
	stdout string
}

func (s *stage) start(p program) (*process, error) {
	log, err := os.OpenFile(filepath.Join(p.dir, filepath.Base(p.argv[0])+".out"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the output of a program: %w", err)
	}
	cmd := exec.Command(p.argv[0], p.argv[1:]...) //nolint:gosec,noctx // the candidates, ended by the stage
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.dir, append(os.Environ(), p.env...), log, log
	if p.stdout != "" {
		f, err := os.OpenFile(p.stdout, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			_ = log.Close() // empty
			return nil, fmt.Errorf("opening the output of a program: %w", err)
		}
		defer f.Close() //nolint:errcheck // the child has its own
		cmd.Stdout = f
	}
	r := &process{stage: s, cmd: cmd, output: log, done: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := start(cmd, p.cores); err != nil {
		_ = log.Close() // empty
		return nil, fmt.Errorf("starting %s: %w", p.argv[0], err)
	}
	if s.running == nil {
		s.running = map[*process]bool{}
	}
	s.running[r] = true
	go func() {
		r.err = cmd.Wait()
		close(r.done)
	}()
	return r, nil
}

// stop ends the process and all that it started, and waits for it.
func (p *process) stop() {
	if p == nil {
		return
	}
	p.stage.mu.Lock()
	defer p.stage.mu.Unlock()
	if !p.stage.running[p] {
		return
	}
	delete(p.stage.running, p)
	kill(p.cmd.Process.Pid, true)
	select {
	case <-p.done:
	case <-time.After(3 * time.Second):
	}
	kill(p.cmd.Process.Pid, false) // what did not listen, and what the leader left
	<-p.done
	_ = p.output.Close() // a log of this run
}

// clear ends all processes.
func (s *stage) clear() {
	s.mu.Lock()
	all := make([]*process, 0, len(s.running))
	for p := range s.running {
		all = append(all, p)
	}
	s.mu.Unlock()
	for _, p := range all {
		p.stop()
	}
}

// wait waits until the process ends by itself.
func (p *process) wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// ended reports whether the process is gone.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// said returns the end of what the process wrote to its output.
func (p *process) said() string {
	const most = 2000
	st, err := p.output.Stat()
	if err != nil {
		return ""
	}
	b, _ := io.ReadAll(io.NewSectionReader(p.output, max(0, st.Size()-most), most)) // for an error message
	return string(b)
}
