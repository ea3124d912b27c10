package proxy

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// firstPassed is the number of the first descriptor that systemd passes
// (sd_listen_fds(3)).
const firstPassed = 3

// inherit opens the socket that systemd passed under a name.
func inherit(name string, limits *connectionLimits) (*listener, error) {
	bad := func(format string, args ...any) error {
		return &BindError{
			Address: "fd:" + name, Err: fmt.Errorf(format, args...),
			Hint: "pass it by a systemd .socket unit with FileDescriptorName=" + name,
		}
	}
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) {
		return nil, bad("no sockets were passed to this process")
	}
	n, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if err != nil {
		return nil, bad("LISTEN_FDS is not a number")
	}
	names := strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")
	for i := range min(n, len(names)) {
		if names[i] != name {
			continue
		}
		f := os.NewFile(uintptr(firstPassed+i), "fd:"+name)
		l, err := net.FileListener(f) // works on a copy
		_ = f.Close()
		if err != nil {
			return nil, bad("it is not a listening socket: %w", err)
		}
		tcp, ok := l.(*net.TCPListener)
		if !ok {
			_ = l.Close()
			return nil, bad("it is not a TCP socket")
		}
		return &listener{TCPListener: tcp, passed: true, limits: limits}, nil
	}
	return nil, bad("no socket of that name was passed")
}
