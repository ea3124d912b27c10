package proxy

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
)

// streamBody sees whether the client has reset the stream of a body, or has sent
// another length than it had announced.
type streamBody struct {
	io.ReadCloser
	broken atomic.Bool
}

// Read implements [io.Reader].
func (b *streamBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF && !errors.Is(err, os.ErrDeadlineExceeded) {
		b.broken.Store(true)
	}
	return n, err
}
