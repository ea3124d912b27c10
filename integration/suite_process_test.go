package integration

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"sterling/internal/proxytest"
)

// process is an installed proxy in the foreground.
type process struct {
	t      testing.TB
	dir    string
	listen string
	cmd    *exec.Cmd
	log    *os.File
}

func newProcess(t testing.TB) process {
	t.Helper()
	return process{t: t, dir: proxytest.ShortDir(t), listen: proxytest.FreeAddr(t)}
}

func (p *process) addr() string { return p.listen }

func (p *process) path(name string) string { return filepath.Join(p.dir, name) }

func (p *process) write(name, text string) error {
	return os.WriteFile(p.path(name), []byte(text), 0o600)
}

// run starts the program and waits until it listens.
func (p *process) run(program string, args ...string) error {
	log, err := os.Create(p.path("log"))
	if err != nil {
		return err
	}
	p.log = log
	p.cmd = exec.Command(program, args...) //nolint:gosec,noctx // an installed proxy, ended by stop
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Env = append(os.Environ(), "HOME="+p.dir, "XDG_DATA_HOME="+p.dir, "XDG_CONFIG_HOME="+p.dir)
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.t.Cleanup(p.stop)
	if !proxytest.Within(proxyStart, func() bool {
		c, err := net.Dial("tcp", p.listen)
		return err == nil && c.Close() == nil
	}) {
		text, _ := os.ReadFile(p.path("log"))
		return fmt.Errorf("%s does not listen: %s", program, text)
	}
	return nil
}

// stop ends it and waits.
func (p *process) stop() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may be gone
	_ = p.cmd.Wait()
	_ = p.log.Close()
	p.cmd = nil
}

func (p *process) signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// children are the processes that it has started.
func (p *process) children() string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", p.cmd.Process.Pid, p.cmd.Process.Pid))
	if err != nil {
		return ""
	}
	return string(b)
}
