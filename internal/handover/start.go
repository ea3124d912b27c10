package handover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Options say what is started, and what it is given.
type Options struct {
	// Program is the path of the new program, or its name in PATH. It is looked
	// up when Start is called, so that a file that was exchanged is the new one.
	Program string
	// Args are its arguments, without its name.
	Args []string
	// Sockets are passed on. They stay the caller's.
	Sockets []Socket
	// Links are those to older processes. They are passed on, too, and stay the
	// caller's until LetGo, before which it must have let go of them.
	Links []*Link
	// Output gets what the new process writes to its standard error before it
	// has taken over; nil: nobody does.
	Output io.Writer
}

// Child is a new process that is about to take over, or has.
type Child struct {
	cmd    *exec.Cmd
	word   *os.File // what it writes to the ready pipe
	quit   *os.File // it sees the end of this one
	link   *Link
	said   *tail
	output *os.File      // what it says comes from here
	copied chan struct{} // closed when all of that was copied
	gone   chan struct{} // closed when it has ended; guards ended
	ended  error
}

// Start starts the new process and returns at once. Wait must follow.
func Start(o Options) (*Child, error) {
	path, err := exec.LookPath(o.Program)
	if err != nil {
		return nil, fmt.Errorf("finding the new program: %w", err)
	}
	said, saidEnd, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	word, wordEnd, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making a pipe: %w", err), said.Close(), saidEnd.Close())
	}
	quit, quitEnd, err := os.Pipe()
	if err != nil {
		closeAll(said, saidEnd, word, wordEnd)
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	link, linkEnd, err := socketPair()
	if err != nil {
		closeAll(said, saidEnd, word, wordEnd, quit, quitEnd)
		return nil, err
	}
	c := &Child{
		cmd:  exec.Command(path, o.Args...), //nolint:gosec,noctx // our own program; it outlives us
		word: word, quit: quitEnd, said: &tail{}, output: said,
		copied: make(chan struct{}), gone: make(chan struct{}),
	}
	c.cmd.Args[0] = o.Program
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = os.Stdin, os.Stdout, saidEnd
	err = c.start(o, wordEnd, quit, linkEnd)
	closeAll(saidEnd, wordEnd, quit, linkEnd) // the child has its own
	if err != nil {
		closeAll(said, word, quitEnd, link)
		return nil, fmt.Errorf("starting the new program: %w", err)
	}
	if c.link, err = newLink(link, c.PID()); err != nil {
		_ = c.cmd.Process.Kill() // it has not begun to do anything
		_ = c.cmd.Wait()
		closeAll(said, word, quitEnd)
		return nil, err
	}
	go func() { // ends when the child has taken over, or with it
		c.said.follow(said, o.Output)
		_ = said.Close() // only read
		close(c.copied)
	}()
	go func() { // ends with the child
		c.ended = c.cmd.Wait()
		close(c.gone)
	}()
	return c, nil
}

// closeAll closes pipes whose other ends will tell of it.
func closeAll(files ...*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// start passes the descriptors and runs the program.
func (c *Child) start(o Options, word, quit, link *os.File) error {
	m := message{From: os.Getpid()}
	give := func(f *os.File) int {
		c.cmd.ExtraFiles = append(c.cmd.ExtraFiles, f)
		return firstExtra + len(c.cmd.ExtraFiles) - 1
	}
	m.Ready, m.Quit, m.Stderr = give(word), give(quit), give(os.Stderr)
	for _, s := range o.Sockets {
		m.Sockets = append(m.Sockets, passed{Name: s.Name, Address: s.Address, FD: give(s.File)})
	}
	m.Links = []passedLink{{PID: m.From, FD: give(link)}}
	for _, l := range o.Links {
		f, err := File(l.conn, "link")
		if err != nil {
			continue // that process has ended meanwhile
		}
		defer func() { _ = f.Close() }() // the child has its own
		m.Links = append(m.Links, passedLink{PID: l.pid, FD: give(f)})
	}
	var err error
	if c.cmd.Env, err = environment(os.Environ(), m); err != nil {
		return err
	}
	return c.cmd.Start()
}

// PID is the process id of the new process.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// LetGo says that this process has let go of what must have one owner, and that
// the new one, which waits for it, may begin. It follows a Wait that returned nil.
func (c *Child) LetGo() { _ = c.quit.Close() }

// Link is the way to the new process, and to those that take over from it. The
// caller closes it; it follows a Wait that returned nil.
func (c *Child) Link() *Link { return c.link }

// Gone is closed when the new process has ended.
func (c *Child) Gone() <-chan struct{} { return c.gone }

// Wait returns nil when the new process can serve: LetGo must follow, and from
// then on it is on its own. When it has failed, or ctx ends before it is ready,
// Wait kills it, and returns a [*Failure] once it is gone.
func (c *Child) Wait(ctx context.Context) error {
	heard := make(chan bool, 1)
	go func() { // ends with the pipe, which is closed below
		word, _ := io.ReadAll(io.LimitReader(c.word, int64(len(readyWord)))) // what was not read whole is no such word
		heard <- string(word) == readyWord
	}()
	defer func() { _ = c.word.Close() }() // only read
	var failure Failure
	select {
	case ready := <-heard:
		if ready && c.waits() {
			return nil
		}
		failure.Err = errSilent
	case <-ctx.Done():
		failure.Err = context.Cause(ctx)
		if len(heard) > 0 && <-heard && c.waits() {
			return nil
		}
	}
	return c.fail(&failure)
}

// waits reports whether the new process is there to see that this one lets go:
// its word may be older than its end.
func (c *Child) waits() bool {
	raw, err := c.quit.SyscallConn()
	if err != nil {
		return false
	}
	left := false
	err = raw.Control(func(fd uintptr) {
		ask := []unix.PollFd{{Fd: int32(fd)}} //nolint:gosec // a descriptor
		_, err := unix.Poll(ask, 0)
		left = err == nil && ask[0].Revents&unix.POLLERR != 0 // nobody could read
	})
	return err == nil && !left
}

// fail ends the new process and says how it went.
func (c *Child) fail(f *Failure) error {
	defer c.LetGo() // no earlier: it could come to be ready before it is killed
	select {
	case <-c.gone:
	default:
		// Who closes the pipe is about to end.
		if f.Err == errSilent { //nolint:errorlint // it is ours, and never wrapped
			within(lastMoment, c.gone)
		}
		_ = c.cmd.Process.Kill() // it may have ended meanwhile
	}
	<-c.gone
	if exit := c.cmd.ProcessState.ExitCode(); exit >= 0 {
		f.Err = c.ended
		if exit == 0 {
			f.Err = errEndedWell
		}
	}
	within(lastMoment, c.copied)
	c.link.Close()
	_ = c.output.Close() // whoever else still holds the other end
	f.Said = c.said.lines()
	return f
}

// within waits until done is closed, for at most d.
func within(d time.Duration, done <-chan struct{}) {
	late := time.NewTimer(d)
	defer late.Stop()
	select {
	case <-done:
	case <-late.C:
	}
}

var (
	errSilent    = errors.New("it gave up without a word")
	errEndedWell = errors.New("it ended before it served")
)

// Failure says why a new process did not take over.
type Failure struct {
	// Err is how it ended: an [*exec.ExitError], or the cause of the context.
	Err error
	// Said are the last lines that it wrote to its standard error.
	Said []string
}

// Error is one line, and two with what the process said.
func (f *Failure) Error() string {
	if len(f.Said) == 0 {
		return "the new process failed: " + f.Err.Error()
	}
	return "the new process failed: " + f.Err.Error() + ": " + strings.Join(f.Said, "; ")
}

// Unwrap returns Err.
func (f *Failure) Unwrap() error { return f.Err }
