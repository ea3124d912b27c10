package handover

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// maxMessage bounds what a Link reads at once, in bytes: the orders of ten
// thousand backends take 3 MB.
const maxMessage = 16 << 20

// Link is a way, for messages in both directions, between an old process and the
// one that serves in its place. It goes on from each process that takes over to
// the next, so that the old one always has it to whoever serves, and its end
// says that the other one is gone, however that ended. One goroutine may send
// while another receives; Close may be called at any time.
type Link struct {
	conn  *net.UnixConn
	lines *bufio.Scanner
	pid   int
}

// newLink makes a link of a connected socket, whose file it closes.
func newLink(f *os.File, pid int) (*Link, error) {
	conn, err := net.FileConn(f) // works on a copy
	_ = f.Close()
	if err != nil {
		return nil, fmt.Errorf("link to process %d: %w", pid, err)
	}
	c, ok := conn.(*net.UnixConn)
	if !ok {
		_ = conn.Close() // never ours
		return nil, fmt.Errorf("link to process %d: it is no Unix socket", pid)
	}
	l := &Link{conn: c, lines: bufio.NewScanner(c), pid: pid}
	l.lines.Buffer(nil, maxMessage)
	return l, nil
}

// socketPair is two sockets that are connected, for the two ends of a link. No
// program that is started meanwhile gets them.
func socketPair() (ours, theirs *os.File, err error) {
	syscall.ForkLock.RLock()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, fmt.Errorf("making a pair of sockets: %w", err)
	}
	return os.NewFile(uintptr(fds[0]), "link"), os.NewFile(uintptr(fds[1]), "link"), nil //nolint:gosec // descriptors
}

// PID is the process id of the other side.
func (l *Link) PID() int { return l.pid }

// Send writes a message, as JSON. It waits for room; Close, or a deadline, ends
// that.
func (l *Link) Send(message any) error {
	b, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("writing to process %d: %w", l.pid, err)
	}
	// The process before this one may have ended in the middle of a message.
	line := make([]byte, 0, len(b)+2)
	line = append(append(append(line, '\n'), b...), '\n')
	if _, err := l.conn.Write(line); err != nil {
		return fmt.Errorf("writing to process %d: %w", l.pid, err)
	}
	return nil
}

// Receive waits for a message and decodes it into one. What is no whole message,
// as when the process before this one has read a part of it, is left out. An
// error says that nothing more will come.
func (l *Link) Receive(message any) error {
	for l.lines.Scan() {
		if b := l.lines.Bytes(); len(b) > 0 && b[0] == '{' && json.Unmarshal(b, message) == nil {
			return nil
		}
	}
	if err := l.lines.Err(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("reading from process %d: %w", l.pid, err)
	}
	return io.EOF
}

// Within gives a Send that is under way, and those that follow, this long.
func (l *Link) Within(d time.Duration) { _ = l.conn.SetWriteDeadline(time.Now().Add(d)) }

// Close ends it on this side, and what waits in it.
func (l *Link) Close() { _ = l.conn.Close() } // nothing is kept back that could fail
