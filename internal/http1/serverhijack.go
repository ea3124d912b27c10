package http1

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
)

var errNoUpgrade = fmt.Errorf("%w: hijacking what asked for no upgrade", http.ErrNotSupported)

// Hijack implements [http.Hijacker]. Deadlines are off; what the client has
// sent ahead is in the reader. The body, if there is one, can be read no more.
// The connection of a CONNECT, or of a request with Upgrade, can be had; that
// of others only where they have a body that has not all come.
func (w *serverWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.hijacked {
		return nil, nil, http.ErrHijacked
	}
	t := w.t
	c := t.c
	if c.socket != nil && c.socket.inside {
		return nil, nil, errNoUpgrade
	}
	if t.body != nil {
		t.body.shut()
	}
	if w.status != 0 {
		_ = w.FlushError() // whoever writes next hears of it
	} else {
		w.ask.settle()
	}
	w.hijacked = true
	c.s.remove(c)
	c.limits.clear()
	rest := bytes.Clone(t.buffered())
	t.r = t.w
	var from io.Reader = c.nc
	if len(rest) > 0 {
		from = io.MultiReader(bytes.NewReader(rest), c.nc)
	}
	br := bufio.NewReaderSize(from, max(inSize, len(rest)))
	if _, err := br.Peek(len(rest)); err != nil {
		return nil, nil, err
	}
	return c.nc, bufio.NewReadWriter(br, bufio.NewWriter(c.nc)), nil
}
