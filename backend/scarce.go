package backend

import (
	"errors"
	"syscall"
)

// scarce reports whether something ran out on this side of the connection:
// descriptors, or memory for sockets. That says nothing of the backend, and
// it concerns all of them at once.
func scarce(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) ||
		errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM)
}
