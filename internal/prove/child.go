package prove

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startLimit is how long a process may take until it serves.
const startLimit = 15 * time.Second

// child is the process of one backend. It may end and be started again; its
// address stays. One goroutine gives it orders.
type child struct {
	name    string // pool/backend
	args    []string
	program string
	status  int
	word    string
	spawn   *spawner
	address string // "" before the first start

	cmd   *exec.Cmd // nil: no process
	stdin io.WriteCloser
	gone  chan struct{}

	mu  sync.Mutex     // guards ran
	ran map[string]int // how often each POST was run
}

// start starts the process and waits until it listens.
func (c *child) start() error {
	address := c.address
	if address == "" {
		address = "127.0.0.1:0"
	}
	args := append(append([]string{}, c.args...), c.name, address, strconv.Itoa(c.status), c.word)
	cmd := exec.Command(c.program, args...) //nolint:gosec,noctx // ourselves; end ends it
	var said strings.Builder
	cmd.Stderr = &said
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("starting backend %s: %w", c.name, err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("starting backend %s: %w", c.name, err)
	}
	if err := c.spawn.start(cmd); err != nil {
		return fmt.Errorf("starting backend %s: %w", c.name, err)
	}
	late := time.AfterFunc(startLimit, func() { _ = cmd.Process.Kill() }) // it may have ended
	defer late.Stop()
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	if err != nil {
		_ = cmd.Process.Kill() // it has mostly ended by itself, and has said why
		_ = cmd.Wait()
		return fmt.Errorf("starting backend %s: %w: %s", c.name, err, strings.TrimSpace(said.String()))
	}
	c.address = strings.TrimSpace(line)
	c.cmd, c.stdin, c.gone = cmd, stdin, make(chan struct{})
	go c.follow(cmd, lines, c.gone) // whoever ends the process waits for gone
	return nil
}

// follow notes what was run until the process ends.
func (c *child) follow(cmd *exec.Cmd, lines *bufio.Reader, gone chan<- struct{}) {
	defer close(gone)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break
		}
		c.mu.Lock()
		c.ran[strings.TrimSpace(line)]++
		c.mu.Unlock()
	}
	_ = cmd.Wait() // being killed is what it is for
}

// kill ends the process as kill -9 does, and waits until it is gone.
func (c *child) kill() { c.end(syscall.SIGKILL) }

// terminate ends the process in good order.
func (c *child) terminate() { c.end(syscall.SIGTERM) }

func (c *child) end(s syscall.Signal) {
	if c.cmd == nil {
		return
	}
	c.signal(s)
	late := time.AfterFunc(2*endLimit, func() { c.signal(syscall.SIGKILL) })
	<-c.gone
	late.Stop()
	_ = c.stdin.Close() // nobody reads it
	c.cmd = nil
}

func (c *child) signal(s syscall.Signal) { _ = c.cmd.Process.Signal(s) } // it may be gone

// order writes a line to the process.
func (c *child) order(line string) error {
	if _, err := io.WriteString(c.stdin, line+"\n"); err != nil {
		return fmt.Errorf("ordering backend %s: %w", c.name, err)
	}
	return nil
}

// posts tells how often each POST was run here.
func (c *child) posts() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.ran)
}
