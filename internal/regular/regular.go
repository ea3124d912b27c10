// Package regular reads files that an operator has named, and refuses what is
// none: a FIFO, a device or a socket may make its reader wait for ever, and a
// process that waits cannot be told to reload, nor to stop in good order.
// Symbolic links are followed.
package regular

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// ErrOther is what is wrong with a file that is no regular one.
var ErrOther = errors.New("it is a FIFO, a device or a socket, and a regular file is wanted")

// Open opens a file for reading. An error is an [fs.PathError].
func Open(path string) (*os.File, error) {
	// Without O_NONBLOCK, the call itself waits for one who writes to a FIFO.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if err := check(f); err != nil {
		_ = f.Close() // nothing was written
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return f, nil
}

func check(f *os.File) error {
	stat, err := f.Stat()
	switch {
	case err != nil:
		return err
	case stat.IsDir():
		return syscall.EISDIR
	case !stat.Mode().IsRegular():
		return ErrOther
	}
	return nil
}

// Read reads a file as a whole.
func Read(path string) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	return io.ReadAll(f)
}
