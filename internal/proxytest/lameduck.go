package proxytest

import (
	"net"
	"os"
	"syscall"
)

// lameDuck is a listener that closes in good order: a connection that the
// kernel has accepted has a request on it, and a server that closes its
// listener without looking resets it.
type lameDuck struct {
	*net.TCPListener
	left chan net.Conn // what leave found; closed behind the last
	done chan struct{} // closed when all of it was handed out
}

func newLameDuck(l *net.TCPListener) *lameDuck {
	return &lameDuck{TCPListener: l, left: make(chan net.Conn), done: make(chan struct{})}
}

// Accept implements [net.Listener]. It hands out what leave found before it
// fails.
func (l *lameDuck) Accept() (net.Conn, error) {
	c, err := l.TCPListener.Accept()
	if err == nil {
		return c, nil
	}
	if c, ok := <-l.left; ok {
		return c, nil
	}
	close(l.done)
	return nil, err
}

// leave takes everything that waits, closes the listener and returns when
// Accept has handed it all out.
func (l *lameDuck) leave() {
	var waiting []int
	if raw, err := l.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { // a closed listener has nobody waiting
			for {
				n, _, err := syscall.Accept(int(fd))
				if err != nil {
					return
				}
				waiting = append(waiting, n)
			}
		})
	}
	_ = l.Close() // nobody can be told
	for _, fd := range waiting {
		f := os.NewFile(uintptr(fd), "")
		if c, err := net.FileConn(f); err == nil {
			l.left <- c
		}
		_ = f.Close() // the connection has a copy
	}
	close(l.left)
	<-l.done
}
