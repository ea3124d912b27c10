package http1

import (
	"bufio"
	"sync"
)

// readerSize holds a head with a small body.
const readerSize = 16 << 10

// readers are the buffers of connections on which something comes. Those that
// wait, or rest, have none.
var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, readerSize) }}

// attend makes br ready.
func (c *ClientConn) attend() {
	if c.br == nil {
		c.br = readers.Get().(*bufio.Reader) //nolint:errcheck,forcetypeassert // the pool holds nothing else
		c.br.Reset(source{c})
	}
}

// dismiss gives br back. It is empty.
func (c *ClientConn) dismiss() {
	if c.br != nil {
		c.br.Reset(nil)
		readers.Put(c.br)
		c.br = nil
	}
}

// source is the connection as its buffered reader sees it: reading times out
// only when it has to end.
type source struct{ c *ClientConn }

func (s source) Read(p []byte) (int, error) {
	if s.c.body.begun {
		s.c.extend()
	}
	for {
		n, err := s.c.nc.Read(p)
		if n > 0 || err == nil || !isTimeout(err) || s.c.over() {
			return n, err
		}
	}
}
