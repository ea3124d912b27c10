package http1

import (
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// push is a write that is issued from within the wait for its answer: reading
// first would only find, with a system call, that there is nothing yet.
//
// Beginning to wait forgets what the poller has told before. So what had come
// already, unasked for, is noticed only once something more comes, as the
// answer does, or the reset that a closed socket returns. A peer that has shut
// one direction sends neither: the first of [steps] bounds the wait.
type push struct {
	call func(fd uintptr) bool // for RawConn; nil: the connection is no plain socket
	p    []byte                // what to write; nil: nothing, or it was tried
	n    int
	err  error
}

func (w *push) prepare(c *ClientConn) {
	if c.raw != nil {
		w.call = w.try
	}
}

func (w *push) possible() bool { return w.call != nil }

// try writes when it is called first, and ends the wait when it is called again.
func (w *push) try(fd uintptr) bool {
	if w.p == nil {
		return true
	}
	for {
		n, err := unix.Write(int(fd), w.p) //nolint:gosec // a descriptor
		if err == unix.EINTR {             //nolint:errorlint // a system call's error is bare
			continue
		}
		w.n, w.err = max(n, 0), err
		break
	}
	whole := w.n == len(w.p)
	w.p = nil
	return !whole
}

// pushAndWait writes p and waits until there may be something to read.
func (c *ClientConn) pushAndWait(p []byte) (n int, err error) {
	w := &c.push
	w.p, w.n, w.err = p, 0, nil
	for w.p != nil {
		// What ends the wait is for reading to find.
		if err := c.raw.Read(w.call); w.p != nil && (!isTimeout(err) || c.over()) {
			w.p = nil
			return 0, err
		}
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	c.written += uint64(w.n)                  //nolint:gosec // never negative
	if w.err == nil || w.err == unix.EAGAIN { //nolint:errorlint // a system call's error is bare
		return w.n, nil
	}
	c.reset = c.reset || w.err == unix.ECONNRESET //nolint:errorlint // as above
	return w.n, &net.OpError{Op: "write", Net: "tcp", Addr: c.nc.RemoteAddr(), Err: os.NewSyscallError("write", w.err)}
}
