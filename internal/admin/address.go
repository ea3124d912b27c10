package admin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"
)

// address is a place to listen at or to call.
type address struct {
	network string // tcp or unix
	value   string // host:port, or the socket's path
	host    string // of a tcp address, without brackets
}

// parseAddress reads host:port or unix:/path.
func parseAddress(s string) (address, error) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		if path == "" {
			return address{}, errors.New("admin address unix: names no socket; write unix:/path")
		}
		return address{network: "unix", value: path}, nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil || port == "" {
		return address{}, fmt.Errorf("admin address %q is neither host:port nor unix:/path", s)
	}
	return address{network: "tcp", value: s, host: host}, nil
}

// private reports whether no other machine can reach the address.
func (a address) private() bool {
	return a.network == "unix" || isLoopback(a.host)
}

// isLoopback reports whether host is a name or an address of this machine alone.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// open listens at the address, or takes the socket that was passed, if it is
// not nil.
func (a address) open(passed *os.File) (net.Listener, error) {
	if passed == nil {
		return a.listen()
	}
	ln, err := net.FileListener(passed) // works on a copy
	_ = passed.Close()
	if err != nil {
		return nil, fmt.Errorf("taking over admin address %s: %w", a.value, err)
	}
	return ln, nil
}

func (a address) listen() (net.Listener, error) {
	if a.network == "unix" {
		return listenUnix(a.value)
	}
	ln, err := net.Listen("tcp", a.value)
	if err != nil {
		return nil, fmt.Errorf("listening at admin address %s: %w", a.value, err)
	}
	return ln, nil
}

// listenUnix makes a socket that only its owner may use. One left behind by a
// process that is gone is replaced; one that somebody answers at is not.
func listenUnix(path string) (net.Listener, error) {
	if err := removeStale(path); err != nil {
		return nil, err
	}
	// The socket takes its mode from the descriptor when it is bound, so that
	// there is no moment at which others may use it; where a system ignores
	// that, the mode is set right after.
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			_ = syscall.Fchmod(int(fd), 0o600)
		})
	}}
	ln, err := lc.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, fmt.Errorf("listening at admin socket %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("protecting admin socket: %w", err), ln.Close())
	}
	return ln, nil
}

// removeStale clears the way for a socket at path.
func removeStale(path string) error {
	st, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking at admin socket: %w", err)
	}
	if st.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("admin socket %s: a file that is no socket is in its place; move it away", path)
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		return errors.Join(fmt.Errorf("admin socket %s: another process answers there; end it, or give this one another [admin] address (a new binary takes over by SIGUSR2)", path), conn.Close())
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("admin socket %s: cannot tell whether another process uses it: %w", path, err)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("removing stale admin socket: %w", err)
	}
	return nil
}
