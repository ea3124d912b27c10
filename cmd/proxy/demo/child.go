package demo

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startLimit is how long a server may take to say where it listens.
const startLimit = 10 * time.Second

// What a child's process does.
const (
	running = "running"
	frozen  = "frozen"
	stopped = "stopped"
)

// child is one server. Its process may end and be started again; its address
// stays.
type child struct {
	name  string
	opts  Options
	token string
	spawn func(func() error) error

	mu      sync.Mutex // guards what follows
	address string     // "" before the first start
	cmd     *exec.Cmd  // nil: no process
	hold    io.Closer  // its standard input: it ends when this is closed
	gone    chan struct{}
	frozen  bool
	ended   bool // the demo is over
}

// do stops, freezes, thaws or starts the server.
func (c *child) do(action string) error {
	switch action {
	case "stop":
		c.kill()
		return nil
	case "freeze":
		return c.signal(syscall.SIGSTOP, true)
	case "thaw":
		return c.signal(syscall.SIGCONT, false)
	case "start":
		return c.start()
	default:
		return fmt.Errorf("there is no action %q", action)
	}
}

func (c *child) signal(s syscall.Signal, frozen bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd == nil {
		return fmt.Errorf("%s has no process; start it first", c.name)
	}
	c.frozen = frozen
	return c.cmd.Process.Signal(s)
}

// kill ends the process as kill -9 does, and waits until it is gone.
func (c *child) kill() {
	c.mu.Lock()
	cmd, gone := c.cmd, c.gone
	c.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Kill() // it has ended by itself if this fails
	<-gone
}

// end is kill, for good.
func (c *child) end() {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	c.kill()
}

// start starts the process unless there is one.
func (c *child) start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd != nil {
		return nil
	}
	if c.ended {
		return errors.New("the demo is over")
	}
	address := c.address
	if address == "" {
		address = "127.0.0.1:0"
	}
	args := append(append([]string{}, c.opts.Args...), c.name, address)
	cmd := exec.Command(c.opts.Program, args...)
	cmd.Stderr = c.opts.Err
	cmd.SysProcAttr = childAttr()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("starting server %s: %w", c.name, err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("starting server %s: %w", c.name, err)
	}
	if err := c.spawn(cmd.Start); err != nil {
		return fmt.Errorf("starting server %s: %w", c.name, err)
	}
	if c.address, err = greet(cmd, stdin, stdout, c.token); err != nil {
		c.address = address // another start may fare better, at the address that the front door knows
		return fmt.Errorf("starting server %s: %w", c.name, err)
	}
	c.cmd, c.hold, c.frozen, c.gone = cmd, stdin, false, make(chan struct{})
	go c.wait(cmd, c.gone)
	return nil
}

// greet tells a new process the token and reads the address it is bound to.
func greet(cmd *exec.Cmd, stdin io.Writer, stdout io.Reader, token string) (string, error) {
	late := time.AfterFunc(startLimit, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	_, werr := fmt.Fprintln(stdin, token)
	line, rerr := bufio.NewReader(stdout).ReadString('\n')
	if err := errors.Join(werr, rerr); err != nil {
		_ = cmd.Process.Kill() // it has mostly ended by itself, and has said why
		_ = cmd.Wait()
		return "", err
	}
	return strings.TrimSpace(line), nil
}

// wait notices the end of a process, whoever brought it about.
func (c *child) wait(cmd *exec.Cmd, gone chan<- struct{}) {
	_ = cmd.Wait() // being killed is what it is for
	c.mu.Lock()
	c.cmd = nil
	c.mu.Unlock()
	close(gone)
}

// process tells what the process does, and its id; 0 when there is none.
func (c *child) process() (state string, pid int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd == nil {
		return stopped, 0
	}
	pid = c.cmd.Process.Pid
	if halted, known := halted(pid); known && halted || !known && c.frozen {
		return frozen, pid
	}
	return running, pid
}
