package prove

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"sterling/internal/admin"
)

// front is the front door as a process, and those that take over from it.
type front struct {
	admin *admin.Client
	first *exec.Cmd
	gone  chan struct{} // closed when the first process is gone
	leash *os.File      // its end ends all of them, even if this process is killed
	pid   int           // of the process that serves
	out   string        // what it said, a file
	limit time.Duration // for an upgrade
}

// startFront runs the copy, and waits until it serves.
func startFront(ctx context.Context, s *stage) (*front, error) {
	client, err := admin.NewClient("unix:"+filepath.Join(s.folder, adminFile), "")
	if err != nil {
		return nil, err
	}
	f := &front{
		admin: client, gone: make(chan struct{}), out: filepath.Join(s.folder, outFile),
		limit: s.o.Config.Upgrade.Timeout,
	}
	out, err := os.OpenFile(f.out, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }() // the child has its own
	hold, leash, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = hold.Close() }() // likewise
	f.leash = leash
	f.first = exec.Command(s.o.Program, "run", s.o.Leash, "-c", filepath.Join(s.folder, copyFile)) //nolint:gosec,noctx // ourselves; end ends it
	f.first.Stdin, f.first.Stdout, f.first.Stderr = hold, out, out
	if err := s.spawn.start(f.first); err != nil {
		_ = leash.Close() // nobody is on it
		return nil, fmt.Errorf("starting the front door: %w", err)
	}
	f.pid = f.first.Process.Pid
	go func() { // end waits for it
		_ = f.first.Wait() // why it ended is in its log
		close(f.gone)
	}()
	dead := false
	err = until(ctx, startLimit, func() bool {
		select {
		case <-f.gone:
			dead = true
			return true
		default:
			return client.Ready(ctx) == nil
		}
	})
	if dead {
		err = errors.New("it ended")
	}
	if err != nil {
		f.end()
		return nil, fmt.Errorf("starting the front door: %w: %s", err, f.said())
	}
	return f, nil
}

// said is the end of what the process said.
func (f *front) said() string {
	text, err := os.ReadFile(f.out)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text[max(0, len(text)-2000):]))
}

// reload makes it read the configuration again, as an operator would, and waits
// until it has.
func (f *front) reload(ctx context.Context) error {
	before, err := f.admin.Status(ctx)
	if err != nil {
		return err
	}
	if err := syscall.Kill(f.pid, syscall.SIGHUP); err != nil {
		return err
	}
	err = until(ctx, startLimit, func() bool {
		now, err := f.admin.Status(ctx)
		return err == nil && now.Generation > before.Generation
	})
	if err != nil {
		return fmt.Errorf("a reload has had no effect: %w", err)
	}
	return nil
}

// upgrade makes it start the program anew, and waits until that one serves.
func (f *front) upgrade(ctx context.Context) error {
	if err := syscall.Kill(f.pid, syscall.SIGUSR2); err != nil {
		return err
	}
	err := until(ctx, f.limit+startLimit, func() bool {
		now, err := f.admin.Status(ctx)
		if err != nil || now.PID == f.pid {
			return false
		}
		f.pid = now.PID
		return true
	})
	if err != nil {
		return fmt.Errorf("no new process has taken over: %w", err)
	}
	return nil
}

// end kills the process and all that have come from it, which are one group:
// nothing that they have is worth an orderly end.
func (f *front) end() {
	group := -f.first.Process.Pid
	_ = syscall.Kill(group, syscall.SIGKILL) // none may be left
	_ = f.leash.Close()                      // likewise
	<-f.gone
	_ = until(context.Background(), startLimit, func() bool { // an heir is nobody's child here
		return syscall.Kill(group, 0) != nil
	})
}
