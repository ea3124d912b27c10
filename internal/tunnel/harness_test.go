package tunnel

import (
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"
)

// rig is a tunnel between a client that a test plays and a backend, with
// copying goroutines in the part of ReverseProxy. It lives in a synctest bubble.
type rig struct {
	conn    *Conn
	client  net.Conn // the client's end
	backend net.Conn // the backend's end
	stats   chan Stats
	copying sync.WaitGroup
}

func newRig(t *testing.T, buffered []byte, o Options) *rig {
	t.Helper()
	r := &rig{stats: make(chan Stats, 2)}
	front, client := net.Pipe()
	back, backend := net.Pipe()
	r.client, r.backend = client, backend
	o.Backend = back
	o.OnClose = func(s Stats) { r.stats <- s }
	r.conn = New(front, buffered, o)
	errs := make(chan error, 2)
	r.copying.Go(func() {
		_, err := io.Copy(onlyWriter{back}, r.conn)
		errs <- err
	})
	r.copying.Go(func() {
		_, err := io.Copy(onlyWriter{r.conn}, onlyReader{back})
		if err == nil {
			err = r.conn.CloseWrite()
		}
		errs <- err
	})
	r.copying.Go(func() {
		if <-errs == nil {
			<-errs
		}
		_ = r.conn.Close() // as ReverseProxy, which does not look either
		_ = back.Close()
	})
	t.Cleanup(func() {
		_ = client.Close()
		_ = backend.Close()
		_ = r.conn.Close()
		r.copying.Wait()
	})
	return r
}

type onlyWriter struct{ io.Writer }

type onlyReader struct{ io.Reader }

// collector reads a connection to its end.
type collector struct {
	mu   sync.Mutex
	got  []byte
	seen chan struct{} // closed when a whole Close frame was read
	end  chan struct{} // closed at the end
}

// collect reads nc. skip bytes stand before the first frame.
func collect(nc net.Conn, skip int) *collector {
	c := &collector{seen: make(chan struct{}), end: make(chan struct{})}
	go func() {
		defer close(c.end)
		buf := make([]byte, 64)
		told := false
		for {
			n, err := nc.Read(buf)
			c.mu.Lock()
			c.got = append(c.got, buf[:n]...)
			if len(c.got) >= skip && !told {
				all, _, _ := parseFrames(c.got[skip:])
				if slices.ContainsFunc(all, func(f frame) bool { return f.opcode == opClose }) {
					told = true
					close(c.seen)
				}
			}
			c.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return c
}

func (c *collector) all() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.got)
}

func (r *rig) wantEnd(t *testing.T, cause string, within time.Duration) Stats {
	t.Helper()
	select {
	case s := <-r.stats:
		if s.Cause != cause {
			t.Errorf("cause %q, want %q", s.Cause, cause)
		}
		return s
	case <-time.After(within):
		t.Fatalf("the tunnel has not ended after %v", within)
	}
	return Stats{}
}
