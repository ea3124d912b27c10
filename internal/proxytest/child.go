package proxytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Child is a stateful backend in a process of its own, so that it can really
// be killed, frozen and ended. It answers GET with its name and how often it
// saw the visitor named in X-Visitor; a POST writes its [TestID] into a record
// at once and answers some time later. /healthz is always 200.
type Child struct {
	Name string
	Addr string // stays the same when it is started again

	t    testing.TB
	spec childSpec
	cmd  *exec.Cmd
	out  bytes.Buffer
	dead chan struct{} // closed when the process is gone
}

// StartChild starts a backend whose POSTs answer delay after they were
// recorded. The package's TestMain must call [Main].
func StartChild(t testing.TB, name string, delay time.Duration) *Child {
	t.Helper()
	c := &Child{Name: name, t: t}
	c.spec = childSpec{Name: name, Record: filepath.Join(t.TempDir(), name+".posts"), Delay: delay}
	t.Cleanup(c.Kill)
	for range 20 {
		c.spec.Addr = FreeAddr(t)
		c.Addr = c.spec.Addr
		if c.start() {
			return c
		}
	}
	t.Fatalf("backend %s does not start: %s", name, c.out.String())
	return nil
}

// Restart starts the backend again, on its old address and with an empty
// memory, and waits until it answers.
func (c *Child) Restart() {
	c.t.Helper()
	c.Kill()
	if !c.start() {
		c.t.Fatalf("backend %s does not come back: %s", c.Name, c.out.String())
	}
}

// start reports whether the process came to listen.
func (c *Child) start() bool {
	spec, err := json.Marshal(c.spec)
	if err != nil {
		c.t.Fatalf("writing a child's orders: %v", err)
	}
	self, err := os.Executable()
	if err != nil {
		c.t.Fatalf("finding the test binary: %v", err)
	}
	c.cmd = exec.Command(self) //nolint:gosec,noctx // ourselves; ended by Kill
	c.cmd.Env = append(os.Environ(), childEnv+"="+string(spec))
	c.cmd.Stderr = &c.out
	c.cmd.SysProcAttr = noOrphan()
	if err := c.cmd.Start(); err != nil {
		c.t.Fatalf("starting backend %s: %v", c.Name, err)
	}
	dead := make(chan struct{})
	c.dead = dead
	go func(cmd *exec.Cmd) {
		_ = cmd.Wait() // killed, as a rule
		close(dead)
	}(c.cmd)
	listening := Within(patience, func() bool {
		if c.gone() {
			return true
		}
		conn, err := net.Dial("tcp", c.Addr)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	})
	return listening && !c.gone()
}

func (c *Child) gone() bool {
	select {
	case <-c.dead:
		return true
	default:
		return false
	}
}

// Kill ends the process with SIGKILL and waits until it is gone.
func (c *Child) Kill() {
	if c.cmd == nil || c.cmd.Process == nil {
		return
	}
	c.signal(syscall.SIGKILL)
	<-c.dead
}

// Freeze stops the process with SIGSTOP and waits until every thread of it
// stands still: its kernel goes on taking connections, and nobody answers.
func (c *Child) Freeze() {
	c.t.Helper()
	c.signal(syscall.SIGSTOP)
	Eventually(c.t, "backend "+c.Name+" to stand still", c.frozen)
}

func (c *Child) frozen() bool {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", c.cmd.Process.Pid))
	if err != nil {
		return false
	}
	for _, task := range tasks {
		stat, err := os.ReadFile(task)
		// The state stands behind the name, which is in brackets.
		if _, state, ok := strings.Cut(string(stat), ") "); err != nil || !ok || state[0] != 'T' {
			return false
		}
	}
	return true // at once where there is no /proc
}

// Thaw lets a frozen process go on.
func (c *Child) Thaw() { c.signal(syscall.SIGCONT) }

// AskForDrain makes the answers to health checks ask for a drain, until the
// backend is started again.
func (c *Child) AskForDrain() { c.signal(syscall.SIGUSR1) }

// Terminate sends SIGTERM, at which the backend ends what it has begun, and
// does not wait. Wait does.
func (c *Child) Terminate() { c.signal(syscall.SIGTERM) }

// Wait waits until the process is gone.
func (c *Child) Wait() { <-c.dead }

func (c *Child) signal(s syscall.Signal) { _ = c.cmd.Process.Signal(s) } // it may be gone

// Ran tells how often each POST was run, by its [TestID].
func (c *Child) Ran() map[string]int {
	c.t.Helper()
	data, err := os.ReadFile(c.spec.Record)
	if err != nil {
		c.t.Fatalf("reading the record of %s: %v", c.Name, err)
	}
	ran := map[string]int{}
	for id := range strings.FieldsSeq(string(data)) {
		ran[id]++
	}
	return ran
}
