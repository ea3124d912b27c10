package http1

import (
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// serverSocket is a TCP connection that can be read without waiting, while its
// readiness is being waited for.
type serverSocket struct {
	net.Conn
	raw      syscall.RawConn
	fd       int
	inside   bool // readiness is being waited for: Read must not wait
	drained  bool // since it was ready last, a read has left nothing
	trusting bool // that is enough to know that nothing more is there
}

// wouldBlock says that nothing has come yet. It is a timeout, and temporary, so
// that crypto/tls keeps the half of a record that it has.
type wouldBlock struct{}

func (wouldBlock) Error() string   { return "nothing has come yet" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }

var errWouldBlock error = wouldBlock{}

// NewConn prepares an accepted connection for TLS: give its result to
// [tls.Server], and [Server.ServeConn] can wait for requests without holding a
// buffer. Without TLS it is not needed. It returns nc itself where it cannot.
func NewConn(nc net.Conn) net.Conn {
	if k := newServerSocket(nc); k != nil {
		return k
	}
	return nc
}

// newServerSocket returns nil for what is no socket.
func newServerSocket(nc net.Conn) *serverSocket {
	raw := rawConn(nc)
	if raw == nil {
		return nil
	}
	return &serverSocket{Conn: nc, raw: raw}
}

// SyscallConn implements [syscall.Conn].
func (k *serverSocket) SyscallConn() (syscall.RawConn, error) { return k.raw, nil }

// NetConn returns the accepted connection.
func (k *serverSocket) NetConn() net.Conn { return k.Conn }

// CloseWrite shuts the sending side down.
func (k *serverSocket) CloseWrite() error {
	if w, ok := k.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}

// enter is called when the socket may be ready; until leave, Read does not wait.
func (k *serverSocket) enter(fd uintptr) { k.fd, k.inside, k.drained = int(fd), true, false } //nolint:gosec // a descriptor

func (k *serverSocket) leave() { k.inside = false }

// Read implements [net.Conn].
func (k *serverSocket) Read(p []byte) (int, error) {
	if !k.inside {
		return k.Conn.Read(p)
	}
	switch {
	case len(p) == 0:
		return 0, nil
	case k.drained && k.trusting:
		return 0, errWouldBlock
	}
	for {
		n, err := unix.Read(k.fd, p)
		switch {
		case n > 0:
			k.drained = n < len(p)
			return n, nil
		case n == 0 && err == nil:
			return 0, io.EOF
		case err == unix.EAGAIN:
			return 0, errWouldBlock
		case err != unix.EINTR:
			return 0, &net.OpError{Op: "read", Net: "tcp", Addr: k.RemoteAddr(), Err: os.NewSyscallError("read", err)}
		}
	}
}

// shutSocket ends both directions of a socket.
func shutSocket(raw syscall.RawConn) {
	if raw == nil {
		return
	}
	// Either error says that it is closed.
	_ = raw.Control(func(fd uintptr) {
		_ = unix.Shutdown(int(fd), unix.SHUT_RDWR) //nolint:gosec // a descriptor
	})
}
