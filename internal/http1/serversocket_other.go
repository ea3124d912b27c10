//go:build !linux

package http1

import (
	"errors"
	"net"
	"syscall"
)

// serverSocket is for Linux alone.
type serverSocket struct {
	net.Conn
	raw              syscall.RawConn
	inside, trusting bool
}

var errWouldBlock = errors.New("nothing has come yet")

// NewConn returns nc.
func NewConn(nc net.Conn) net.Conn { return nc }

func newServerSocket(net.Conn) *serverSocket { return nil }

func (*serverSocket) enter(uintptr) {}

func (*serverSocket) leave() {}

func shutSocket(syscall.RawConn) {}
